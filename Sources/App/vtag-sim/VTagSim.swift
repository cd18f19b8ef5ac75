import ArgumentParser

@main
struct VTagSim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vtag-sim",
        abstract: "Lives of whole clusters in virtual time: a hostile network, hostile disks, nodes that come and go.",
        discussion: """
            A seed decides everything that happens in a life. Whatever a node does is held against what must always be so; \
            a violation ends the run with exit code 1, the seed, and the command that repeats it.
            """,
        subcommands: [RunCommand.self, ReplayCommand.self, BugsCommand.self, MembershipCommand.self],
        defaultSubcommand: RunCommand.self)
}
