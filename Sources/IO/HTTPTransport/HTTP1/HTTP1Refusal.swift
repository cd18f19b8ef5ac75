import NIOCore
import NIOHTTP1

/// Answers that the transport gives by itself, without a service.
enum HTTP1Refusal {
    /// What a client is told that is one too many.
    static let tooManyConnections = ByteBuffer(
        string: "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n")

    /// The status for input that the decoder refuses; nil when the error is not the decoder's.
    static func status(for error: any Error) -> Int? {
        guard let error = error as? HTTPParserError else { return nil }
        return switch error {
        case .headerOverflow: 431
        case .invalidVersion: 505
        case .invalidMethod: 501
        default: 400
        }
    }
}
