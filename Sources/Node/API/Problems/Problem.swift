import HTTPTransport
import JSON
import NIOCore

/// An answer that is no success, as RFC 9457 describes it.
///
/// `detail` is for people and says what to do; it never holds a library's message or internals.
package struct Problem: Error, Equatable, Sendable {
    /// One thing wrong with one part of the request.
    package struct FieldError: Equatable, Sendable {
        /// JSON Pointer (RFC 6901) into the body; `?name` for a query parameter.
        package let pointer: String
        package let message: String

        package init(_ pointer: String, _ message: String) {
            self.pointer = pointer
            self.message = message
        }
    }

    /// Most field errors that are reported.
    static let errorsMax = 100

    package let status: Int
    /// The last part of the type's URI, for programs.
    package let kind: StaticString
    package let title: StaticString
    package let detail: String
    package var errors: [FieldError]
    /// What else the problem's type says.
    var members: [JSONValue.Member] = []
    /// Fields that go with the status: `Allow`, `Retry-After`, `WWW-Authenticate`.
    package var headers: [Header]
    /// The token's key is unknown, and may be known once the keys were fetched again. Not for the caller to see.
    var mayComeWithKeys = false

    package struct Header: Equatable, Sendable {
        let name: String
        let value: String
    }

    init(
        _ status: Int, _ kind: StaticString, _ title: StaticString, detail: String, errors: [FieldError] = [],
        headers: [Header] = []
    ) {
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.errors = errors
        self.headers = headers
    }

    package static func == (left: Problem, right: Problem) -> Bool {
        left.status == right.status && left.detail == right.detail && left.errors == right.errors
            && left.members == right.members && left.headers == right.headers
    }

    /// The problem as `application/problem+json`.
    func serialised(requestID: String) -> [UInt8] {
        var json = JSONWriter(reserving: 384)
        json.beginObject()
        json.key("type")
        json.string("urn:vtag:problem:\(kind)")
        json.key("title")
        json.string("\(title)")
        json.key("status")
        json.int(status)
        json.key("detail")
        json.string(detail)
        if !errors.isEmpty {
            json.key("errors")
            json.beginArray()
            for error in errors.prefix(Self.errorsMax) {
                json.beginObject()
                json.key("pointer")
                json.string(error.pointer)
                json.key("message")
                json.string(error.message)
                json.endObject()
            }
            json.endArray()
        }
        for member in members {
            json.key(member.name)
            json.value(member.value)
        }
        json.key("request_id")
        json.string(requestID)
        json.endObject()
        return json.bytes
    }

    func response(requestID: String) -> HTTPResponse {
        var fields = ResponseHeaders.standard
        for header in headers { fields.append(header.name, header.value) }
        fields.append("x-request-id", requestID)
        return .bytes(
            status, contentType: "application/problem+json", headers: fields, serialised(requestID: requestID))
    }
}
