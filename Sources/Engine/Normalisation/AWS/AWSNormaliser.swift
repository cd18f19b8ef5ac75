import JSON
import Model

/// Amazon's payloads: what the AWS CLI and SDKs print, and AWS Config items.
enum AWSNormaliser {
    static func normalise(_ payload: JSONView, hints: IngestHints, into result: inout NormalisedPayload) {
        result.items = 1
        result.reject(0, "this build does not read AWS payloads")
    }
}
