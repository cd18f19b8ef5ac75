import ArgumentParser
import Foundation
import JSON
import Model
import Normalisation

/// What `loadtest/bench` sends to a running node.
struct PayloadFiles: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payloads",
        abstract: "Writes pages.ndjson, and the paths that lead to what is in it: reads.txt and tags.txt.")

    @Option(help: "Resources.")
    var resources = 100_000

    @Option(help: "Where the files go.")
    var directory: String

    @Option(help: "What precedes every path, for instance http://127.0.0.1:8080.")
    var origin: String

    func run() throws {
        let parser = JSONParser()
        var lines: [UInt8] = []
        var reads = ""
        var tags = ""
        for page in AWSPages.pages(resources: resources) {
            lines += page
            lines.append(UInt8(ascii: "\n"))
            let observations = try parser.withDocument(page) {
                Normaliser.normalise($0, provider: .aws, hints: AWSPages.hints).observations
            }
            for observation in observations {
                reads += "\(origin)/resources/\(observation.id)/virtual-tags\n"
                guard observation.nativeTags != nil else { continue }
                tags += "\(origin)/virtual-tags/\(PartID.virtualTag(of: observation.id, key: "owner"))\n"
            }
        }
        try Data(lines).write(to: URL(fileURLWithPath: "\(directory)/pages.ndjson"))
        try Data(reads.utf8).write(to: URL(fileURLWithPath: "\(directory)/reads.txt"))
        try Data(tags.utf8).write(to: URL(fileURLWithPath: "\(directory)/tags.txt"))
    }
}
