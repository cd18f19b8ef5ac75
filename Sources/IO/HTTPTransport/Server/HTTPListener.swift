import Glibc
package import NIOCore

/// Why an address cannot be listened on. Its description says what to do about it.
package enum HTTPListenError: Error, Equatable, Sendable {
    case inUse(String)
    /// A port that only a privileged process may take.
    case notPermitted(String)
    /// No address of this machine, or no address at all.
    case notHere(String)
    case failed(String, errno: Int32)
}

extension HTTPListenError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .inUse(let address): "\(address) is in use: stop the other process or choose another address"
        case .notPermitted(let address):
            "\(address) may only be listened on by a privileged process: choose a port above 1023"
        case .notHere(let address): "\(address) is no address of this machine: choose one that is"
        case .failed(let address, let code): "\(address) cannot be listened on: \(String(cString: strerror(code)))"
        }
    }
}

/// An address that is taken, and not listened on yet: clients are refused until a server starts on it.
///
/// So a program can find out that its address is in use before it does anything else. Not for concurrent use.
package final class HTTPListener {
    /// The bound address, with the port that the system chose when 0 was asked for.
    package let address: SocketAddress
    private var descriptor: Int32?

    /// Takes `host:port`; of a name the first address. Blocks while the name is resolved.
    package init(host: String, port: Int) throws(HTTPListenError) {
        let name = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let wanted: SocketAddress
        do { wanted = try SocketAddress.makeAddressResolvingHost(host, port: port) } catch { throw .notHere(name) }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(wanted.protocol == .inet6 ? AF_INET6 : AF_INET, type, 0)
        guard descriptor >= 0 else { throw .failed(name, errno: errno) }
        do throws(HTTPListenError) {
            address = try Self.bind(descriptor, to: wanted, name)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit {
        if let descriptor { close(descriptor) }
    }

    /// Begins to listen and gives up the socket, which the caller then owns.
    func listen(backlog: Int) throws(HTTPListenError) -> Int32 {
        guard let descriptor else { preconditionFailure("Two servers were started on one listener, \(address)") }
        guard Glibc.listen(descriptor, Int32(clamping: backlog)) == 0 else {
            throw Self.error("\(address.textual)", errno)
        }
        self.descriptor = nil
        return descriptor
    }

    // MARK: Private helpers

    private static func bind(_ descriptor: Int32, to wanted: SocketAddress, _ name: String) throws(HTTPListenError)
        -> SocketAddress
    {
        // Connections of the process before, that linger in the kernel, must not stand in the way.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard wanted.withSockAddr({ Glibc.bind(descriptor, $0, socklen_t($1)) }) == 0 else { throw error(name, errno) }
        var bound = wanted
        bound.port = port(of: descriptor)
        return bound
    }

    private static func port(of descriptor: Int32) -> Int? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { bytes in
            guard let start = bytes.baseAddress,
                getsockname(descriptor, start.assumingMemoryBound(to: sockaddr.self), &length) == 0
            else { return nil }
            // `sin_port` and `sin6_port` lie at the same place, in network order.
            return Int(bytes[2]) << 8 | Int(bytes[3])
        }
    }

    private static func error(_ name: String, _ code: Int32) -> HTTPListenError {
        switch code {
        case EADDRINUSE: .inUse(name)
        case EACCES, EPERM: .notPermitted(name)
        case EADDRNOTAVAIL: .notHere(name)
        default: .failed(name, errno: code)
        }
    }
}
