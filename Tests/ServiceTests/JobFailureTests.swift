import Base
import Cloud
import FoundationEssentials
import Storage
import SystemPackage
import TestSupport
import Testing
import Vision
import Wire

@testable import Service

/// A StatusMessage never has a path of the server, nor the name of its database's host.
@Suite struct JobFailureTests {
    private static let path = "/var/lib/spotter/buckets/x"
    private static let host = "db.internal.example:5432"

    private static let errors: [any Error] = [
        StorageError(.unavailable, "Could not read \(path): no such file."),
        StorageError(.unavailable, "The postgres://\(host)/spotter cannot be used: no route."),
        FileError("write", path, .noSpace), CloudError(.connection, "\(host) refused."),
        VisionError(.invalidModel, "The file '\(path)' could not be written: full."),
        VisionError(.invalidModel, "\(path) is not a regular file."),
        VisionError(.runtimeUnavailable, "ONNX Runtime could not be loaded from \(path)."),
        PostgreSQLError(.refused, "connection to server at \"\(host)\" failed"),
        CocoaError(.fileWriteNoPermission, userInfo: ["path": path]),
    ]

    @Test(arguments: errors.indices)
    func aStatusMessageHasNoPathAndNoHost(index: Int) throws {
        let reason = try #require(Self.reason(Self.errors[index]))
        #expect(!reason.client.contains("/") && !reason.client.contains("internal"))
        #expect(!reason.client.isEmpty && reason.client.hasSuffix("."))
        // The operator learns all of it.
        #expect(reason.log == "\(Self.errors[index])")
    }

    @Test func whatClientsCanMendIsSaid() {
        for error: any Error in [
            StorageError(.noSuchObject, "The object s3://b/k does not exist."),
            VisionError(.invalidImage, "The image s3://b/k is empty."),
            VisionError(.invalidModel, "The model's score for this image is not a number."),
            JobError("The bucket b of OutputConfig does not exist."),
            StorageError(.unavailable, "x", clientMessage: "Could not write s3://b/k: S3 …"),
        ] {
            let said = (error as? StorageError)?.clientMessage ?? (error as? JobError)?.message
            #expect(Self.reason(error)?.client == said ?? "\(error)")
        }
    }

    /// A run that SIGTERM ended is no fault of the model: the job is given back.
    @Test func workThatTheEndOfTheProcessStoppedIsGivenBack() {
        guard case .stopped = JobFailure(VisionError(.cancelled, "The process is ending."))
        else {
            Issue.record("The job fails for good.")
            return
        }
    }

    private static func reason(_ error: any Error) -> JobFailure.Reason? {
        switch JobFailure(error) {
        case .passing(let reason), .final(let reason): reason
        case .stopped, .lost: nil
        }
    }
}
