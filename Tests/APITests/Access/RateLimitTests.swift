import JSON
import Model
import Testing

@testable import API

@Suite("The rate limit")
struct RateLimitTests {
    private let start: Int64 = 1_788_220_800_000

    @Test("A burst is taken at once, then requests come as they are earned")
    func bucket() {
        let bucket = RateBucket(RateLimit(perSecond: 10, burst: 3))
        #expect((0..<5).map { _ in bucket.take(at: start) } == [true, true, true, false, false])
        #expect(bucket.retryAfter(at: start) == 1)
        #expect(!bucket.take(at: start + 99))
        #expect(bucket.take(at: start + 100) && !bucket.take(at: start + 100))
        bucket.giveBack()
        #expect(bucket.take(at: start + 100) && !bucket.take(at: start + 100))
        // A long rest earns no more than a burst.
        #expect((0..<4).map { _ in bucket.take(at: start + 3_600_000) } == [true, true, true, false])
    }

    @Test("In the long run it is the rate, whatever the pace of the clock", arguments: [1, 4, 50, 1_000] as [Int64])
    func longRun(tick: Int64) {
        let bucket = RateBucket(RateLimit(perSecond: 2_000, burst: 2_000))
        var taken = 0
        for time in stride(from: start, to: start + 10_000, by: Int(tick)) {
            for _ in 0..<(5 * tick) where bucket.take(at: time) { taken += 1 }
        }
        #expect((20_000...22_000).contains(taken), "\(taken)")
    }

    @Test("Retry-After is when there is a request again, in whole seconds from 1")
    func retryAfter() {
        let slow = RateBucket(RateLimit(perSecond: 1, burst: 1))
        #expect(slow.take(at: start) && !slow.take(at: start))
        #expect(slow.retryAfter(at: start) == 1)
        #expect(slow.take(at: start + 1_000))
    }

    @Test("Threads that take together take what there is, and not one more")
    func threads() async {
        let bucket = RateBucket(RateLimit(perSecond: 1, burst: 500))
        let taken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { (0..<200).count { _ in bucket.take(at: start) } } }
            return await group.reduce(0, +)
        }
        #expect(taken == 500)
    }

    @Test("The table of subjects is bounded: those at rest go, and where all are busy the newcomers share one bucket")
    func table() {
        let table = RateTable(RateLimit(perSecond: 1, burst: 2))
        for subject in 0..<RateTable.bucketsMax { _ = table.bucket(of: "\(subject)", at: start).take(at: start) }
        let (one, two) = (table.bucket(of: "one", at: start), table.bucket(of: "two", at: start))
        #expect(one === two)
        #expect(table.count == RateTable.bucketsMax)
        let held = table.bucket(of: "0", at: start)
        _ = table.bucket(of: "three", at: start + 10_000)
        // The one that a remembered token holds stays the one of its subject.
        #expect(table.count == 2)
        #expect(table.bucket(of: "0", at: start + 10_000) === held)
    }

    @Test("Over the limit a request is answered 429 with Retry-After and a problem; other subjects and health go on")
    func live() async throws {
        var configuration = API.Configuration()
        configuration.rateLimit = RateLimit(perSecond: 1, burst: 20)
        try await LiveAPI.run(configuration) { api in
            let payload = #"{"Volumes":[{"VolumeId":"vol-0123456789abcdef0","Size":1}]}"#
            #expect(try await api.send("POST", "/ingest/aws?region=eu-west-1", json: payload).status == 200)
            let read = "/resources/\(ResourceID(provider: .aws, nativeID: "vol-0123456789abcdef0"))/virtual-tags"
            let viewer = try await api.token(.viewer)
            var statuses: [Int] = []
            // Through the short way of point reads and the general one alike; two tokens of one subject share its bucket.
            let again = try await api.token(.viewer, lifetime: 601)
            for number in 0..<40 {
                let answer = try await api.send(
                    "GET", number % 2 == 0 ? read : "/stats", token: number % 3 == 0 ? again : viewer)
                statuses.append(answer.status)
                guard answer.status == 429 else { continue }
                #expect(answer["retry-after"].flatMap(Int.init).map { $0 >= 1 } == true)
                #expect(answer["content-type"] == "application/problem+json")
                #expect(try answer.json["type"]?.string == "urn:vtag:problem:rate-limited")
            }
            #expect(statuses.prefix(20) == Array(repeating: 200, count: 20)[...])
            #expect(statuses.contains(429))
            #expect(try await api.send("GET", "/stats", token: try await api.token(.tagger)).status == 200)
            #expect(try await api.send("GET", "/health/ready", token: viewer).status == 200)
        }
    }
}
