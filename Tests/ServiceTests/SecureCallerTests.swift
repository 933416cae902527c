import Access
import FoundationEssentials
import TestSupport
import Testing

@testable import Service

/// What the console does beside the API asks the policy as the operations do.
@Suite struct SecureCallerTests {
    private static let policy = #"""
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*",
        "Condition":{"Bool":{"aws:SecureTransport":"true"}}}]}
        """#

    private let service: TestService

    init() throws { service = try TestService(training: InstantTraining()) }

    @Test(arguments: [true, false])
    func rightsThatWantEncryptionSeeWhetherTheCallIsEncrypted(isSecure: Bool) async throws {
        try await service.objects.createBucket("bucket")
        let principal = Principal(
            arn: "arn:aws:iam::000000000000:user/ann", accessKeyID: "AKIA", userName: "ann",
            policy: try PolicyDocument(parsing: Data(Self.policy.utf8)))
        let operations = Operations(
            context: service.context,
            caller: Caller(principal: principal, sourceAddress: nil, isSecure: isSecure))
        for right in OperatingRight.allCases {
            #expect(((try? operations.authorize(right)) != nil) == isSecure)
        }
        let page = try? await operations.objects(below: "s3://bucket/", after: nil, limit: 10)
        #expect((page != nil) == isSecure)
    }
}
