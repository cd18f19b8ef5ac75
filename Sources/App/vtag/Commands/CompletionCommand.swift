import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print a script that completes commands and flags in a shell.",
        discussion: """
            EXAMPLES
              vtag completion bash > ~/.local/share/bash-completion/completions/vtag
              vtag completion zsh > ~/.zfunc/_vtag
              vtag completion fish > ~/.config/fish/completions/vtag.fish
            """)

    enum Shell: String, CaseIterable, ExpressibleByArgument { case bash, zsh, fish }

    @Argument(help: "bash, zsh or fish.") var shell: Shell

    func run() throws {
        let known: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Terminal.standardOutput.line(Vtag.completionScript(for: known))
    }
}
