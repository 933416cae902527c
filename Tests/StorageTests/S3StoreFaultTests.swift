import Cloud
import FoundationEssentials
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct S3StoreFaultTests {
    private static func answer(
        _ status: String, _ code: String, _ message: String = "Words of the peer.",
        headers: String = ""
    ) -> FaultProxy.Fault {
        let body = "<Error><Code>\(code)</Code><Message>\(message)</Message></Error>"
        return .answer(
            "HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.utf8.count)\r\n"
                + "Connection: close\r\n\r\n\(body)")
    }

    private static let slowDown = answer("503 Slow Down", "SlowDown")

    @Test func whatFailsForAWhileIsTriedAgainWithJitter() async throws {
        let faults = [Self.slowDown, answer500, Self.answer("429 Too Many", "SlowDown")]
        try await S3StoreFixture.with(faults: faults) { fixture in
            let location = ObjectLocation(bucket: try await fixture.bucket(), key: "x")
            try await fixture.store.put(.bytes(Data([1])), at: location)
            // Half of 0.2, 0.4 and 0.8 s, as the test's random number wants.
            #expect(fixture.slept.all == [0.1, 0.2, 0.4])
            #expect(try await fixture.store.get(location, bytesMax: 1) == Data([1]))
        }
    }

    private var answer500: FaultProxy.Fault {
        .answer("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    }

    @Test func whatGoesOnFailingIsGivenUp() async throws {
        let faults = Array(repeating: Self.slowDown, count: 10)
        try await S3StoreFixture.with(faults: faults) { fixture in
            let error = await #expect(throws: StorageError.self) {
                try await fixture.store.put(
                    .bytes(Data()), at: ObjectLocation(bucket: "some-bucket", key: "x"))
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("SlowDown (503): Words of the peer.") == true)
            #expect(fixture.proxy.requests.count == 5)
        }
    }

    @Test func aRefusalIsNotTriedAgainAndNamesHostAndBucketButNoSecret() async throws {
        try await S3StoreFixture.with(faults: [Self.answer("403 Forbidden", "AccessDenied")]) {
            fixture in
            let error = await #expect(throws: StorageError.self) {
                try await fixture.store.get(
                    ObjectLocation(bucket: "some-bucket", key: "x"), bytesMax: 1)
            }
            #expect(error?.code == .unavailable)
            #expect(
                error?.message == "Could not read s3://some-bucket/x: "
                    + "127.0.0.1:\(fixture.proxy.port) answered AccessDenied (403): "
                    + "Words of the peer.")
            #expect(fixture.proxy.requests.count == 1)
        }
    }

    @Test(arguments: [0, 400, 1_000_000])
    func aGetThatIsCutGoesOnWhereItStopped(after count: Int) async throws {
        try await S3StoreFixture.with(faults: [.none, .cutAnswer(after: count)]) { fixture in
            let location = ObjectLocation(bucket: try await fixture.bucket(), key: "x")
            let bytes = S3StoreFixture.bytes(2_500_000)
            try await fixture.store.put(.bytes(bytes), at: location)
            #expect(try await fixture.store.get(location, bytesMax: bytes.count) == bytes)
            let requests = fixture.proxy.requests
            #expect(requests.count == 3)
            if count == 1_000_000 {
                #expect(requests.last?.lowercased().contains("\r\nif-match: \"") == true)
                #expect(requests.last?.lowercased().contains("\r\nrange: bytes=") == true)
            }
        }
    }

    @Test func anObjectThatIsReplacedDuringACutIsNeverMixed() async throws {
        let replacing = Mutex<ObjectLocation?>(nil)
        try await S3StoreFixture.with(
            faults: [.none, .cutAnswer(after: 1_000_000)],
            whileWaiting: {
                guard let location = replacing.withLock({ $0 }) else { return }
                try await S3StoreFixture.with {
                    try await $0.store.put(.bytes(Data(count: 2_500_000)), at: location)
                }
            }
        ) { fixture in
            let location = ObjectLocation(bucket: try await fixture.bucket(), key: "x")
            let bytes = S3StoreFixture.bytes(2_500_000)
            try await fixture.store.put(.bytes(bytes), at: location)
            replacing.withLock { $0 = location }
            let error = await #expect(throws: StorageError.self) {
                try await fixture.store.get(location, bytesMax: bytes.count)
            }
            #expect(error?.message.contains("was replaced") == true)
        }
    }

    @Test func aPutThatIsCutIsSentAgainAsAWhole() async throws {
        try await S3StoreFixture.with(faults: [.cutRequest(after: 200_000), .cutAnswer(after: 0)]) {
            fixture in
            let directory = try TemporaryDirectory()
            let bytes = S3StoreFixture.bytes(3_000_000)
            let path = "\(directory.path)/file"
            try bytes.write(to: URL(filePath: path))
            let location = ObjectLocation(bucket: try await fixture.bucket(), key: "x")
            try await fixture.store.put(.file(path: path), at: location)
            #expect(try await fixture.store.get(location, bytesMax: bytes.count) == bytes)
            #expect(fixture.proxy.requests.filter { $0.hasPrefix("PUT ") }.count == 3)
        }
    }

    @Test func aPeerThatSaysNothingIsAskedAgain() async throws {
        try await S3StoreFixture.with(faults: [.silence], idleSecondsMax: 1) { fixture in
            let exists = try await fixture.store.bucketExists("not-there")
            #expect(!exists)
            #expect(fixture.proxy.requests.count == 2)
        }
    }

    @Test func bytesThatChangedOnTheWayAreNoticed() async throws {
        try await S3StoreFixture.with(faults: [.none, .spoilAnswer]) { fixture in
            let location = ObjectLocation(bucket: try await fixture.bucket(), key: "x")
            let bytes = S3StoreFixture.bytes(2_500_000)
            try await fixture.store.put(.bytes(bytes), at: location)
            let error = await #expect(throws: StorageError.self) {
                try await fixture.store.get(location, bytesMax: bytes.count)
            }
            #expect(error?.message.contains("crc32 checksum") == true)
        }
    }

    /// The create, two whole parts and a small one, the complete, and what follows.
    private func putParts(
        _ faults: [FaultProxy.Fault],
        _ check: (S3StoreFixture, ObjectLocation, Data, (any Error)?) async throws -> Void
    ) async throws {
        try await S3StoreFixture.with(faults: faults) { fixture in
            let directory = try TemporaryDirectory()
            let bytes = S3StoreFixture.bytes(17_000_000)
            let path = "\(directory.path)/file"
            try bytes.write(to: URL(filePath: path))
            let location = ObjectLocation(bucket: try await fixture.bucket(), key: "parts")
            do {
                try await fixture.store.put(.file(path: path), at: location)
                try await check(fixture, location, bytes, nil)
            } catch {
                try await check(fixture, location, bytes, error)
            }
        }
    }

    @Test func onlyThePartThatFailedIsSentAgain() async throws {
        try await putParts([.none, .none, .cutRequest(after: 2_000_000)]) {
            fixture, location, bytes, error in
            #expect(error == nil)
            let numbers = fixture.proxy.requests.compactMap {
                $0.firstMatch(of: /partNumber=([0-9]+)/).map { String($0.1) }
            }
            #expect(numbers == ["1", "2", "2", "3"])
            let found = try await fixture.store.get(location, bytesMax: bytes.count)
            #expect(found == bytes)
        }
    }

    @Test func aLostAnswerToTheLastStepIsRecognised() async throws {
        try await putParts([.none, .none, .none, .none, .cutAnswer(after: 0)]) {
            fixture, location, bytes, error in
            #expect(error == nil)
            let found = try await fixture.store.get(location, bytesMax: bytes.count)
            #expect(found == bytes)
        }
    }

    @Test func anErrorUnderTheStatusOfSuccessIsAnError() async throws {
        try await putParts([
            .none, .none, .none, .none, Self.answer("200 OK", "InternalError"),
            Self.answer("200 OK", "InvalidPart"),
        ]) { fixture, location, _, error in
            #expect("\(String(describing: error))".contains("InvalidPart"))
            let found = try await fixture.store.head(location)
            #expect(found == nil)
        }
    }

    @Test func partsOfAnUploadThatFailedAreRemoved() async throws {
        try await putParts([.none, .none, Self.answer("403 Forbidden", "AccessDenied")]) {
            fixture, location, _, error in
            #expect((error as? StorageError)?.code == .unavailable)
            #expect(fixture.proxy.requests.last?.hasPrefix("DELETE ") == true)
            let found = try await fixture.store.head(location)
            #expect(found == nil)
        }
    }

    @Test func aClockThatGoesWrongTakesOverThePeersTimeOnce() async throws {
        let skewed = Self.answer(
            "403 Forbidden", "RequestTimeTooSkewed",
            headers: "Date: Wed, 25 Nov 2026 01:33:32 GMT\r\n")
        let wrong = Date(timeIntervalSince1970: 0)
        try await S3StoreFixture.with(faults: [skewed, .none, skewed, skewed], now: { wrong }) {
            fixture in
            let exists = try await fixture.store.bucketExists("not-there")
            #expect(!exists)
            let times = fixture.proxy.requests.compactMap {
                $0.firstMatch(of: /(?i)x-amz-date: ([0-9TZ]+)/).map { String($0.1) }
            }
            #expect(times == ["19700101T000000Z", "20261125T013332Z"])
            #expect(fixture.slept.all.isEmpty)
            await #expect(throws: StorageError.self) {
                try await fixture.store.bucketExists("not-there")
            }
        }
    }
}
