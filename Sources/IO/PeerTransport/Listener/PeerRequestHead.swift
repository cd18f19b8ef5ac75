import HTTPTransport
import Membership

/// What a request says of itself before its body, once it was found to be acceptable.
struct PeerRequestHead {
    enum Verdict {
        case accepted(PeerRequestHead)
        case refused(PeerRefusal, String)
    }

    let path: String
    let cluster: ClusterID?
    let protocols: ProtocolRange
    let timeoutMilliseconds: Int64?
    /// As declared.
    let bodyBytes: Int

    static func read(_ head: HTTPRequestHead, settings: PeerSettings) -> Verdict {
        guard head.method == .post else { return .refused(.method, "nodes speak to each other by POST alone") }
        guard let protocols = head.headers.withValue(of: PeerFields.protocols, { ProtocolRange(text: $0) }) ?? nil else {
            return .refused(.protocol, "the request does not say which versions of the protocol its sender speaks")
        }
        guard protocols.overlaps(settings.protocols) else {
            return .refused(
                .protocol,
                "the sender speaks versions \(protocols.text) of the protocol, this node speaks \(settings.protocols.text)")
        }
        let path = head.path
        let cluster: ClusterID?
        switch judgeCluster(head, path: path, settings: settings) {
        case .success(let named): cluster = named
        case .failure(let misfit): return .refused(.cluster, misfit.detail)
        }
        guard let length = head.contentLength else { return .refused(.lengthMissing, "the body's length is not declared") }
        guard length <= settings.limits.bodyBytesMax else {
            return .refused(
                .tooLarge, "a body of \(length) bytes is longer than the \(settings.limits.bodyBytesMax) that are accepted")
        }
        let timeout = head.headers.withValue(of: PeerFields.timeout) { decimal($0[...], max: Int(Int32.max)) } ?? nil
        return .accepted(
            PeerRequestHead(
                path: path, cluster: cluster, protocols: protocols, timeoutMilliseconds: timeout.map(Int64.init),
                bodyBytes: length))
    }

    func request(from peer: PeerName?, body: [UInt8]) -> PeerRequest {
        PeerRequest(
            path: path, peer: peer, timeoutMilliseconds: timeoutMilliseconds, cluster: cluster, protocols: protocols,
            body: body)
    }

    // MARK: Private helpers

    private struct Misfit: Error {
        let detail: String
    }

    private static func judgeCluster(
        _ head: HTTPRequestHead, path: String, settings: PeerSettings
    ) -> Result<ClusterID?, Misfit> {
        // Inner nil: there is a field, and it is no id.
        let named: ClusterID?? = head.headers.withValue(of: PeerFields.cluster) { ClusterID(digits: $0) }
        if case .some(.none) = named { return .failure(Misfit(detail: "the sender's cluster id is malformed")) }
        let own = settings.cluster.id
        switch (named ?? nil, own) {
        case (let theirs?, let own?) where theirs == own:
            return .success(theirs)
        case (let theirs?, let own?):
            return .failure(Misfit(detail: "the sender belongs to cluster \(theirs.text), this node to \(own.text)"))
        case (let theirs, _) where settings.foundingPaths.contains(path):
            return .success(theirs)
        case (nil, _):
            return .failure(Misfit(detail: "the sender belongs to no cluster, and \(path) is for members"))
        case (_?, nil):
            return .failure(Misfit(detail: "this node belongs to no cluster yet, and \(path) is for members"))
        }
    }
}
