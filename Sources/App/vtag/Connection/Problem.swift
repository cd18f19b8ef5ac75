import JSON

/// A refusal as the server words it (RFC 9457, `application/problem+json`).
struct Problem: Sendable {
    let status: Int
    let title: String
    let detail: String
    /// What is wrong where: a JSON pointer into the request's body, and why.
    let errors: [(pointer: String, message: String)]

    init(_ answer: Answer) {
        let body = try? answer.json()
        status = answer.status
        title = Terminal.clean(body?["title"]?.string ?? "")
        let text = body?["detail"]?.string ?? ""
        // Of a query that was refused the place is shown below its line.
        let lines = body?["opencypher"] == nil ? [text] : text.split(separator: "\n").map(String.init)
        detail = lines.map(Terminal.clean).joined(separator: "\n")
        errors = (body?["errors"]?.array ?? []).map {
            (Terminal.clean($0["pointer"]?.string ?? ""), Terminal.clean($0["message"]?.string ?? ""))
        }
    }

    /// One sentence for the whole.
    var summary: String {
        switch status {
        case 401: "the token is missing, expired or not one of this server's" + (detail.isEmpty ? "" : ": \(detail)")
        case 403: "the token does not allow this" + (detail.isEmpty ? "" : ": \(detail)")
        // Where the errors follow one by one, a detail that says the first of them again is left out.
        case _ where detail.isEmpty || errors.contains { detail.contains($0.message) }:
            title.isEmpty ? "the server answered \(status)" : "\(title) (\(status))"
        default: detail
        }
    }

    var failure: Failure { failure(locating: { _ in nil }) }

    /// - Parameter locating: the line of a file that a pointer means, where there is one.
    func failure(locating place: (String) -> String?) -> Failure {
        let lines = errors.map { error in
            let location = place(error.pointer) ?? error.pointer
            return "\n  " + (location.isEmpty ? error.message : "\(location): \(error.message)")
        }
        return Failure(status == 401 || status == 403 ? .unauthorised : .refused, summary + lines.joined())
    }
}
