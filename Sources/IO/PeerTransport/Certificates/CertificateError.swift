import Glibc
import HTTPTransport

/// Why certificates could not be made, in a sentence for whoever asked for them.
package struct CertificateError: Error, Sendable, Equatable, CustomStringConvertible {
    package let message: String

    package var description: String { message }

    /// OpenSSL did not do what it was asked for.
    static func refused(_ what: String) -> CertificateError {
        CertificateError(message: "OpenSSL refused \(what): \(OpenSSLErrorQueue.takeText())")
    }

    static func file(_ path: String, _ code: Int32) -> CertificateError {
        CertificateError(message: "\(path) cannot be written: \(String(cString: strerror(code)))")
    }
}
