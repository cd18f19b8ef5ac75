import Model
import Testing

@Suite("What providers take as tags")
struct ProviderTagLimitsTests {
    @Test(
        "Keys",
        arguments: [
            (Provider.aws, "Cost Center", true), (.aws, String(repeating: "é", count: 128), true),
            (.aws, String(repeating: "a", count: 129), false), (.aws, "aws:x", false), (.aws, "AWS:x", false),
            (.aws, "awsx", true), (.aws, "a#b", false), (.aws, "a+-=._:/@b", true), (.aws, "", false),
            (.gcp, "cost-center", true), (.gcp, "Cost", false), (.gcp, "1st", false), (.gcp, "_a", false),
            (.gcp, String(repeating: "a", count: 63), true), (.gcp, String(repeating: "a", count: 64), false),
            (.gcp, "goog-x", false), (.gcp, "a b", false), (.gcp, "équipe", true),
            (.azure, "Cost Center", true), (.azure, "a?b", false), (.azure, "a/b", false), (.azure, "microsoft.x", false),
            (.azure, "WindowsX", false), (.azure, String(repeating: "a", count: 512), true),
            (.azure, String(repeating: "a", count: 513), false),
        ])
    func keys(provider: Provider, key: String, isTaken: Bool) {
        #expect((ProviderTagLimits.problem(key: key, of: provider) == nil) == isTaken)
    }

    @Test(
        "Values",
        arguments: [
            (Provider.aws, "", true), (.aws, String(repeating: "é", count: 256), true),
            (.aws, String(repeating: "a", count: 257), false), (.aws, "50%", false), (.aws, "ada@example.com", true),
            (.gcp, "", true), (.gcp, "Prod", false), (.gcp, String(repeating: "a", count: 64), false),
            (.gcp, String(repeating: "字", count: 63), false), (.gcp, String(repeating: "字", count: 42), true),
            (.azure, "<anything/goes>", true), (.azure, String(repeating: "a", count: 257), false),
        ])
    func values(provider: Provider, value: String, isTaken: Bool) {
        #expect((ProviderTagLimits.problem(value: value, of: provider) == nil) == isTaken)
    }
}
