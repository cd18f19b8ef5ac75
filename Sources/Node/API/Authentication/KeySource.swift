import Glibc
package import Logging

/// Where the keys that tokens are signed with come from, and the notice when they change.
package enum KeySource: Sendable {
    /// The node's own pair.
    case own(TokenIssuer)
    /// A JWK set in a file, which is read again whenever it changes.
    case file(String)
    /// A JWK set at a URL, which is fetched again by its age and when a token names an unknown key.
    case published(RotatingKeys)

    /// What fetches keys that are unknown; nil where nothing does.
    package var rotating: RotatingKeys? {
        if case .published(let keys) = self { keys } else { nil }
    }

    /// How often a file is looked at, in seconds.
    static let pollSeconds: Int64 = 5

    package func load() async throws -> KeySet {
        switch self {
        case .own(let issuer): return try await issuer.keySet()
        case .published(let keys): return try await keys.load()
        case .file(let path):
            guard let bytes = try SecretFile.read(path) else {
                throw SecretFileError(path: path, action: "open", code: ENOENT)
            }
            do { return try await KeySet(jwks: bytes) } catch let error as KeySetError {
                throw KeySetError(message: "\(path): \(error.message)")
            }
        }
    }

    /// Watches until the task is cancelled. A file that cannot be used leaves the keys as they are, and is logged.
    package func watch(logger: Logger, _ changed: @escaping @Sendable (KeySet) async -> Void) async {
        switch self {
        case .own: return
        case .file(let path): await watch(path, logger: logger, changed)
        case .published(let keys): await keys.watch(changed)
        }
    }

    private func watch(_ path: String, logger: Logger, _ changed: @Sendable (KeySet) async -> Void) async {
        var known = FileStamp(path)
        while true {
            do { try await Task.sleep(for: .seconds(Self.pollSeconds)) } catch { return }
            let stamp = FileStamp(path)
            guard stamp != known else { continue }
            known = stamp
            do {
                await changed(try await load())
                logger.info("The keys for tokens were read again", metadata: ["file": "\(path)"])
            } catch {
                logger.error(
                    "The keys for tokens could not be read again; the old ones stay",
                    metadata: ["file": "\(path)", "error": "\(error)"])
            }
        }
    }

    /// What changes when a file does.
    private struct FileStamp: Equatable {
        var seconds = 0
        var nanoseconds = 0
        var inode: UInt = 0
        var size = 0

        init(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return }
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
            inode = UInt(status.st_ino)
            size = Int(status.st_size)
        }
    }
}
