import FoundationEssentials
import Storage
import TestSupport
import Testing
import Wire
import WireAWS

@testable import Service

/// Users name buckets; none of them leads to the one that is Spotter's own.
@Suite struct StateBucketReachTests {
    private func call(_ fixture: ModelFixture, _ path: String, _ body: String) async throws {
        let path = "/2020-11-20/projects" + path
        let route = try Route.find(method: "POST", path: path)
        let input = try route.input(
            of: WireRequest(
                method: "POST", path: path, header: { _ in nil }, body: Data(body.utf8)))
        _ = try await Operations(context: fixture.context).perform(
            route, input: input, payload: Data())
    }

    @Test(arguments: [
        (
            "/p/datasets", "DatasetSource.GroundTruthManifest.S3Object.Bucket",
            #"""
            {"DatasetType":"train","DatasetSource":{"GroundTruthManifest":
            {"S3Object":{"Bucket":"BUCKET","Key":"m"}}}}
            """#
        ),
        (
            "/p/models", "OutputConfig.S3Location.Bucket",
            #"{"OutputConfig":{"S3Location":{"Bucket":"BUCKET"}}}"#
        ),
        (
            "/p/modelpackagingjobs", "Configuration.Greengrass.S3OutputLocation.Bucket",
            #"""
            {"ModelVersion":"1","Configuration":{"Greengrass":{"S3OutputLocation":
            {"Bucket":"BUCKET"},"ComponentName":"c",
            "TargetPlatform":{"Os":"LINUX","Arch":"X86_64"}}}}
            """#
        ),
    ])
    func operationsRefuseItAndNameTheField(path: String, field: String, body: String) async throws {
        let fixture = try ModelFixture(reserved: "spotter-state")
        try await fixture.createOlderModel()
        let error = await #expect(throws: WireError.self) {
            try await call(fixture, path, body.replacing("BUCKET", with: "spotter-state"))
        }
        #expect(error?.code == .validation)
        #expect(error?.message.hasPrefix("\(field): The bucket spotter-state is") == true)
        // Where the state lies elsewhere, the name is as good as any.
        let lone = try ModelFixture()
        try await lone.createOlderModel()
        do {
            try await call(lone, path, body.replacing("BUCKET", with: "spotter-state"))
        } catch let error as WireError {
            #expect(error.code != .validation)
        }
    }

    @Test(arguments: ["spotter-state", "Spotter-State"])
    func theStoreOfUsersDoesNotLeadThere(name: String) async throws {
        let fixture = try ModelFixture()
        let all = fixture.objects
        try await all.createBucket("spotter-state")
        try await all.createBucket("mine")
        let objects = UserObjects(all, without: "spotter-state")
        let secret = ObjectLocation(bucket: name, key: "models/p/1/a/model.onnx")
        try await all.put(
            .bytes(Data([1])), at: ObjectLocation(bucket: "spotter-state", key: secret.key))
        #expect(try await !objects.bucketExists(name))
        let error = await #expect(throws: StorageError.self) {
            try await objects.get(secret, bytesMax: 9)
        }
        #expect(error?.code == .noSuchBucket && error?.message.contains(name) == true)
        await #expect(throws: StorageError.self) {
            try await objects.read(secret, bytesMax: 9) { _ in }
        }
        await #expect(throws: StorageError.self) { try await objects.head(secret) }
        await #expect(throws: StorageError.self) { try await objects.delete(secret) }
        await #expect(throws: StorageError.self) { try await objects.createBucket(name) }
        await #expect(throws: StorageError.self) {
            try await objects.put(.bytes(Data()), at: secret)
        }
        await #expect(throws: StorageError.self) {
            try await objects.list(name, prefix: "", after: nil, limit: 9)
        }
        let mine = ObjectLocation(bucket: "mine", key: "k")
        try await objects.put(.bytes(Data([2])), at: mine)
        #expect(try await objects.get(mine, bytesMax: 9) == Data([2]))
        #expect(try await objects.list("mine", prefix: "", after: nil, limit: 9).count == 1)
    }
}
