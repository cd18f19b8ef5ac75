import JSON

/// Azure's payloads.
enum AzureNormaliser {
    static func normalise(_ payload: JSONView, hints: IngestHints, into result: inout NormalisedPayload) {
        result.items = 1
        result.reject(0, "this build does not read Azure payloads")
    }
}
