import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// Why a request got no answer: a code to decide by, a message that names the peer and the way out, and the cause.
package struct HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case invalidURL = "invalid_url"
        case nameNotResolved = "name_not_resolved"
        case connectionRefused = "connection_refused"
        case connectTimedOut = "connect_timed_out"
        case connectFailed = "connect_failed"
        case tlsFailed = "tls_failed"
        /// More requests wait for a connection than `waitersPerOriginMax`.
        case tooManyWaiting = "too_many_waiting"
        case deadlineExceeded = "deadline_exceeded"
        /// The peer said that it has not processed the request: REFUSED_STREAM, or GOAWAY before it.
        case refusedByPeer = "refused_by_peer"
        case streamReset = "stream_reset"
        case connectionLost = "connection_lost"
        case responseHeadersTooLarge = "response_headers_too_large"
        case responseBodyTooLarge = "response_body_too_large"
        case protocolViolation = "protocol_violation"
        /// The request's own body threw, or did not have the length that was announced.
        case requestBodyFailed = "request_body_failed"
        case bodyAlreadyTaken = "body_already_taken"
        case shutDown = "shut_down"
    }

    /// What may have happened to the request: decides whether it may be sent again.
    enum Fate: Sendable {
        /// No byte of it was processed: it may be sent again whatever its method.
        case unprocessed
        /// It may have been processed: it may be sent again if it is idempotent.
        case unknown
        /// Sending it again makes no sense.
        case final
    }

    package let code: Code
    package let message: String
    package let cause: String

    package init(_ code: Code, _ message: String, cause: String = "") {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { cause.isEmpty ? message : "\(message) (\(cause))" }

    var fate: Fate {
        switch code {
        case .connectionRefused, .connectTimedOut, .connectFailed, .nameNotResolved, .refusedByPeer:
            .unprocessed
        case .streamReset, .connectionLost:
            .unknown
        case .invalidURL, .tlsFailed, .tooManyWaiting, .deadlineExceeded, .responseHeadersTooLarge, .responseBodyTooLarge,
            .protocolViolation, .requestBodyFailed, .bodyAlreadyTaken, .shutDown:
            .final
        }
    }
}

extension HTTPClientError {
    /// The error of a connection that did not come about.
    static func connecting(to origin: HTTPOrigin, _ error: any Error, timeoutMilliseconds: Int64) -> HTTPClientError {
        let address = origin.address
        switch error {
        case let error as HTTPClientError where error.code == .connectionLost:
            // No request was on it yet, so none can have been processed.
            return HTTPClientError(.connectFailed, error.message, cause: error.cause)
        case let error as HTTPClientError:
            return error
        case let error as TLSError:
            return HTTPClientError(.tlsFailed, "TLS with \(address) failed: \(error.message)", cause: error.cause)
        case let error as NIOConnectionError:
            if error.connectionErrors.isEmpty, let cause = error.dnsAError ?? error.dnsAAAAError {
                return HTTPClientError(
                    .nameNotResolved, "the name of \(address) cannot be resolved: is it spelt right?", cause: "\(cause)")
            }
            guard let first = error.connectionErrors.first else { break }
            return connecting(to: origin, first.error, timeoutMilliseconds: timeoutMilliseconds)
        case ChannelError.connectTimeout:
            return connectTimedOut(to: origin, milliseconds: timeoutMilliseconds)
        case let error as IOError where error.errnoCode == ECONNREFUSED:
            return HTTPClientError(.connectionRefused, "connection refused by \(address)")
        default:
            break
        }
        return HTTPClientError(.connectFailed, "cannot connect to \(address)", cause: "\(error)")
    }

    static func connectTimedOut(to origin: HTTPOrigin, milliseconds: Int64) -> HTTPClientError {
        HTTPClientError(
            .connectTimedOut,
            "\(origin.address) gave no connection within \(milliseconds) ms: is it reachable, and does it speak \(origin.scheme.rawValue)?"
        )
    }

    static func connectionLost(_ origin: HTTPOrigin, _ why: String) -> HTTPClientError {
        HTTPClientError(.connectionLost, "the connection to \(origin.address) was lost: \(why)")
    }

    static func shutDown(_ origin: HTTPOrigin) -> HTTPClientError {
        HTTPClientError(.shutDown, "the client was shut down before \(origin.address) had answered")
    }
}
