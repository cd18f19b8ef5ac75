import CNGHTTP2
package import NIOCore

/// One POST on an ``HTTP2Link``, with its body and its answer's in memory: completes once, on the event loop.
///
/// The cheap way to ask: no task, no continuation, no timer of its own. Confined to the link's event loop.
package final class HTTP2Call {
    package struct Answer {
        package var status: Int
        /// The value of the answer's field of the name that the call asked for.
        package var note: String?
        package var body: [UInt8]
    }

    /// When the caller gives up; it is the link's owner who watches it.
    package let deadline: NIODeadline
    package var bodyBytes: Int { body.count }

    private let head: HTTP2CallHead
    private let body: [UInt8]
    private let timeoutMilliseconds: Int64
    private let noteField: StaticString
    private let answerBytesMax: Int
    private var completion: ((Result<Answer, HTTPClientError>) -> Void)?
    private var sentBytes = 0
    private var answer = Answer(status: 0, note: nil, body: [])
    /// Held until the call completes.
    private var connection: HTTP2ClientConnection?
    var streamID: Int32 = 0

    /// - Parameters:
    ///   - noteField: the one header field of the answer that is kept, in lower case.
    ///   - answerBytesMax: the longest body of an answer, in bytes; a longer one is `responseBodyTooLarge`.
    ///   - completion: called once, on the event loop, not from inside ``HTTP2Link/start(_:)`` unless the link is closed.
    package init(
        head: HTTP2CallHead, body: [UInt8], timeoutMilliseconds: Int64, now: NIODeadline, noteField: StaticString,
        answerBytesMax: Int, completion: @escaping (Result<Answer, HTTPClientError>) -> Void
    ) {
        self.head = head
        self.body = body
        self.timeoutMilliseconds = timeoutMilliseconds
        deadline = now + .milliseconds(timeoutMilliseconds)
        self.noteField = noteField
        self.answerBytesMax = answerBytesMax
        self.completion = completion
    }

    /// Gives up: completes with `error`, and resets the stream if there is one.
    package func abandon(_ error: HTTPClientError) {
        let connection = connection
        fail(error)
        connection?.reset(self)
    }

    private func complete(_ result: Result<Answer, HTTPClientError>) {
        guard let completion else { return }
        self.completion = nil
        connection = nil
        completion(result)
    }
}

extension HTTP2Call: HTTP2ClientRequest {
    func withFields(_ submit: (UnsafeBufferPointer<nghttp2_nv>) -> Int32) -> Int32 {
        head.withFields(contentLength: body.count, timeoutMilliseconds: timeoutMilliseconds, submit)
    }

    var hasBody: Bool { !body.isEmpty }
    func started(on connection: HTTP2ClientConnection) { self.connection = connection }

    func copyUpload(into space: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(space.count, body.count - sentBytes)
        guard count > 0 else { return 0 }
        body.withUnsafeBytes { space.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sentBytes..<sentBytes + count])) }
        sentBytes += count
        return count
    }

    var isUploadTaken: Bool { sentBytes == body.count }
    var hasEnded: Bool { completion == nil }

    func wantsField(_ name: UnsafeRawBufferPointer) -> Bool {
        name.count == noteField.utf8CodeUnitCount
            && name.elementsEqual(UnsafeRawBufferPointer(start: noteField.utf8Start, count: name.count))
    }

    func received(status: Int, headers: HTTPFields, version: HTTPVersion) {
        answer.status = status
        if !headers.isEmpty { answer.note = headers.first?.value }
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
        connection?.consumed(stream: streamID, bytes: bytes.count)
        guard answer.body.count + bytes.count <= answerBytesMax else {
            return abandon(
                HTTPClientError(.responseBodyTooLarge, "the answer to \(head.path) is longer than \(answerBytesMax) bytes"))
        }
        answer.body.append(contentsOf: bytes)
    }

    func completed() { complete(.success(answer)) }

    func fail(_ error: any Error) {
        complete(.failure(error as? HTTPClientError ?? HTTPClientError(.connectionLost, "\(error)")))
    }
}
