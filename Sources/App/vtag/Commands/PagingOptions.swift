import ArgumentParser

/// How much of a list to show.
struct PagingOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "Show at most this many.")
    var limit: Int = 100

    @Flag(name: [.short, .long], help: "Show all, page after page.")
    var all = false

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    /// Nil: no limit.
    var itemsMax: Int? { all ? nil : limit }
}

/// `KEY=VALUE`, as tags are written on a command line.
struct TagArgument: ExpressibleByArgument {
    let key: String
    let value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
        key = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }

    var text: String { "\(key)=\(value)" }
}
