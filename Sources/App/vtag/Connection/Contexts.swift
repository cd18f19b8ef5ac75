import Foundation
import Yams

/// A server by a name of one's own, with the credentials for it.
struct ServerContext: Codable, Equatable, Sendable {
    var name: String
    var url: String
    var token: String?
    var tokenFile: String?
    var caFile: String?

    enum CodingKeys: String, CodingKey {
        case name, url, token
        case tokenFile = "token_file"
        case caFile = "ca_file"
    }
}

/// The file of contexts: `$XDG_CONFIG_HOME/vtag/config.yaml`, by default `~/.config/vtag/config.yaml`.
struct Contexts: Codable, Equatable, Sendable {
    var current: String?
    var contexts: [ServerContext] = []

    subscript(name: String) -> ServerContext? { contexts.first { $0.name == name } }

    static func path(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        let home = environment["HOME"] ?? NSHomeDirectory()
        // The XDG specification has relative paths ignored.
        let configured = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (configured ?? home + "/.config") + "/vtag/config.yaml"
    }

    /// No file is no contexts. Throws `Failure` for one that cannot be read.
    static func load(from path: String = path()) throws -> Contexts {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            guard FileManager.default.fileExists(atPath: path) else { return Contexts() }
            throw Failure.usage("cannot read \(path)")
        }
        warnIfOthersCanRead(path)
        let text = String(decoding: bytes, as: UTF8.self)
        if text.allSatisfy(\.isWhitespace) { return Contexts() }
        do {
            return try YAMLDecoder().decode(Contexts.self, from: text)
        } catch {
            throw Failure.usage("\(path) is not a file of contexts; mend or remove it. \(YAMLText.explain(error))")
        }
    }

    /// Replaces the file in one step, readable by its owner alone: it may hold tokens.
    func save(to path: String = path()) throws {
        let directory = (path as NSString).deletingLastPathComponent
        let temporary = path + ".\(ProcessInfo.processInfo.processIdentifier).tmp"
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let text = try YAMLEncoder().encode(self)
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
            let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
            try file.close()
            guard rename(temporary, path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        } catch {
            unlink(temporary)
            throw Failure.usage("cannot write \(path): \((error as NSError).localizedDescription)")
        }
    }

    private static func warnIfOthersCanRead(_ path: String) {
        let mode = try? FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        guard let mode, mode & 0o077 != 0 else { return }
        Terminal.standardError.line("vtag: \(path) can be read by others; it may hold tokens. `chmod 600` it.")
    }
}
