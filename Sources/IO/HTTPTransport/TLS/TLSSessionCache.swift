import COpenSSL
import OrderedCollections
import Synchronization

/// Sessions that a client may resume, by host and port.
///
/// A TLS 1.3 ticket is used once (RFC 8446, appendix C.4), a TLS 1.2 session until it expires. Shared by all event loops.
final class TLSSessionCache: Sendable {
    /// Most sessions kept for one host: a server usually sends two tickets after each handshake.
    static let sessionsPerHostMax = 4

    private let hostsMax: Int
    private let hosts = Mutex<OrderedDictionary<String, [TLSSession]>>([:])

    init(hostsMax: Int) { self.hostsMax = hostsMax }

    func store(_ session: TLSSession, host: String) {
        hosts.withLock { hosts in
            // A renewed host moves to the end: the front is the one that was silent for longest.
            var sessions = hosts.removeValue(forKey: host) ?? []
            if sessions.count == Self.sessionsPerHostMax { sessions.removeFirst() }
            sessions.append(session)
            if hosts.count >= hostsMax { hosts.removeFirst() }
            hosts[host] = sessions
        }
    }

    /// The newest session for the host that can still be resumed.
    func session(host: String) -> TLSSession? {
        hosts.withLock { hosts in
            guard var sessions = hosts[host] else { return nil }
            sessions.removeAll { !$0.isResumable }
            let newest = sessions.last
            if let newest, newest.isUsedOnce { sessions.removeLast() }
            hosts[host] = sessions.isEmpty ? nil : sessions
            return newest
        }
    }
}

/// One session. Owns a reference to the `SSL_SESSION`, which OpenSSL shares between threads itself.
final class TLSSession: @unchecked Sendable {
    let handle: OpaquePointer

    /// Takes over the caller's reference.
    init(owned handle: OpaquePointer) { self.handle = handle }

    deinit { SSL_SESSION_free(handle) }

    var isResumable: Bool { SSL_SESSION_is_resumable(handle) == 1 }
    var isUsedOnce: Bool { SSL_SESSION_get_protocol_version(handle) >= TLS1_3_VERSION }
}
