import Conditions
import JSON
import Model
import Testing

@testable import API

/// A clock reading that the tests count from: 2026-09-01T00:00:00Z in seconds.
private let now: Int64 = 1_788_220_800

@Suite("The scope of a token")
struct TokenScopeTests {
    private func principal(_ scope: String?) async throws -> Principal {
        // A signer that does not look at limits, as identity providers are.
        let signer = try await TestSigner("HS256")
        let token = try await signer.sign(
            .init(
                sub: "jo", role: "viewer", exp: now + 60,
                scope: try scope.map { try JSONValue(parsing: Array($0.utf8)) }))
        let verifier = TokenVerifier(keys: try await KeySet(jwks: Array(signer.jwks.utf8)))
        return try Array(token.utf8).withUnsafeBytes { try verifier.verify($0, at: now * 1000) }
    }

    private func refusal(_ scope: String) async throws -> String? {
        do {
            _ = try await principal(scope)
            return nil
        } catch let error as TokenError { return error.message }
    }

    @Test("Accounts, providers and a condition must all hold; without the claim there is no limit")
    func forms() async throws {
        #expect(try await principal(nil).scope == nil)
        let accounts = Condition.test(FieldTest(.accountID, .isIn, .list(["1", "2"])))
        #expect(try await principal(#"{"accounts":["1","2"]}"#).scope?.condition == accounts)
        let all = try await principal(
            #"{"accounts":["1","2"],"providers":["aws","gcp"],"condition":{"field":"region","operator":"starts_with","value":"eu-"}}"#
        )
        #expect(
            all.scope?.condition
                == .all([
                    accounts, .test(FieldTest(.provider, .isIn, .list(["aws", "gcp"]))),
                    .test(FieldTest(.region, .startsWith, .text("eu-"))),
                ]))
    }

    @Test("A condition as deep as conditions go is taken")
    func depth() async throws {
        let depth = Condition.depthMax - 1
        let inner = #"{"field":"name","operator":"eq","value":"x"}"#
        let deep = String(repeating: #"{"all":["#, count: depth) + inner + String(repeating: "]}", count: depth)
        #expect(try await principal(#"{"condition":\#(deep)}"#).scope != nil)
        let tooDeep = String(repeating: #"{"all":["#, count: 18) + inner + String(repeating: "]}", count: 18)
        #expect(try await refusal(#"{"condition":\#(tooDeep)}"#) != nil)
    }

    @Test(
        "A limit that cannot be read makes the token worthless, and the reason names the place",
        arguments: [
            ("null", "expected an object"), ("[]", "expected an object"), (#""accounts""#, "expected an object"),
            ("{}", "names no accounts, providers or condition"),
            (#"{"accounts":[]}"#, "/accounts"), (#"{"accounts":null}"#, "/accounts"), (#"{"accounts":"1"}"#, "/accounts"),
            (#"{"accounts":[1]}"#, "/accounts/0"), (#"{"accounts":["1",""]}"#, "/accounts/1"),
            (#"{"account":["1"]}"#, "did you mean"),
            (#"{"providers":["awss"]}"#, "did you mean"), (#"{"providers":["aws"],"condition":null}"#, "/condition"),
            (#"{"condition":{"field":"nam","operator":"eq","value":"x"}}"#, "/condition/field"),
            (#"{"condition":{"any":[]}}"#, "/condition"),
            (#"{"condition":{"field":"name","operator":"regex","value":"(a{1,900}){1,900}"}}"#, "/condition"),
        ])
    func refused(scope: String, words: String) async throws {
        let message = try await refusal(scope)
        #expect(message?.contains(words) == true, "\(message ?? "was taken")")
    }

    @Test("A limit that no node would take is not signed")
    func notSigned() async throws {
        let issuer = try TokenIssuer()
        await #expect(throws: ValidationErrors.self) {
            try await issuer.issue(subject: "jo", role: .viewer, scope: .object([]), at: now, lifetime: 60)
        }
    }

    @Test("OAuth's scope is a text and means nothing here; as an object it is refused, not overlooked")
    func oauthScope() async throws {
        func claims(_ scope: JSONValue) throws -> TokenScope? { try TokenScope(claims: .object([.init("scope", scope)])) }
        #expect(try claims(.string("openid profile")) == nil)
        #expect(throws: TokenError.self) {
            try claims(.object([.init("accounts", .array([.string("1")]))]))
        }
    }
}
