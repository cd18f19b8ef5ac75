/// Lets the connection's flags stand before the command too: `vtag --url URL status` is `vtag status --url URL`.
enum Arguments {
    /// The flags of `ConnectionOptions`, all of which take a value.
    private static let movable: Set<String> = [
        "--url", "--token", "--token-file", "--context", "--ca-file", "--output", "-o",
    ]

    /// The arguments with leading connection flags moved behind the command and its own.
    static func reordered(_ arguments: [String]) -> [String] {
        var rest = arguments[...]
        var moved: [String] = []
        while let first = rest.first, let name = first.split(separator: "=", maxSplits: 1).first.map(String.init),
            movable.contains(name)
        {
            let taken = rest.prefix(first.contains("=") ? 1 : 2)
            moved += taken
            rest = rest.dropFirst(taken.count)
        }
        // What follows a lone `--` is no flag any more.
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        return rest[..<end] + moved + rest[end...]
    }
}
