import Base
import Cloud
import FoundationEssentials
import Service
import Storage
import Wire

/// The part of the doctor that looks at objects.
extension Doctor {
    /// - Returns: the store when it can be used.
    func objects() async -> ((any ObjectStore)?, [Finding]) {
        let peer: S3Peer
        let store: S3Store
        do {
            // Opening a folder of buckets would make it.
            guard configuration.objectStore != .directory,
                case .s3(let itsPeer, let itsStore) = try stores.buckets()
            else {
                let path = DataDirectory.buckets(configuration.dataDirectory)
                guard FileStatus(path: path) != nil else { return (nil, []) }
                return (nil, await blocking("objects") { [probe(path, "objects")] })
            }
            (peer, store) = (itsPeer, itsStore)
        } catch {
            return (
                nil,
                [
                    .failed(
                        "objects", "\(error)",
                        do:
                            "Give the key of the S3 in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
                            + "or as an AWS profile.")
                ]
            )
        }
        var findings: [Finding] = []
        do {
            if let clock = try await clock(of: peer) { findings.append(clock) }
        } catch {
            findings.append(
                .failed(
                    "objects", "\(peer.client.endpoint.url) does not answer: \(error)",
                    do: "See that the S3 runs and that --s3-endpoint is its address."))
            return (nil, findings)
        }
        do {
            if let bucket = configuration.stateBucket {
                try await tryOut(store, bucket)
                findings.append(
                    .ok("objects", "the state bucket \(bucket) takes, gives and deletes objects"))
            } else {
                _ = try await peer.client.send(
                    peer.request("GET", nil), bytesMax: Self.bucketListBytesMax)
                findings.append(.ok("objects", "the S3 takes the key"))
            }
            return (store, findings)
        } catch let error as StorageError where error.code == .noSuchBucket {
            findings.append(
                .failed(
                    "objects", error.message,
                    do: "Make the bucket, or let the key make it (s3:CreateBucket) and start a "
                        + "server."))
        } catch {
            findings.append(
                .failed(
                    "objects", "\(error)",
                    do: "See that the key may list buckets, and put, get and delete objects."))
        }
        return (nil, findings)
    }

    /// A page of 1,000 buckets has 200 KB.
    private static let bucketListBytesMax = 4 << 20

    /// - Returns: nil when the answer has no date.
    private func clock(of peer: S3Peer) async throws -> Finding? {
        let (before, start) = (now(), ContinuousClock.now)
        let response = try await peer.client.pass(peer.request("HEAD", configuration.stateBucket))
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        guard let date = response.header("date").flatMap(HTTPDate.parse) else { return nil }
        // The date is cut to whole seconds.
        let ahead = date.timeIntervalSince(before) + 0.5 - seconds / 2
        return Diagnosis.clock(of: "the S3", aheadBy: ahead, uncertainty: 0.5 + seconds / 2)
    }

    private func tryOut(_ store: S3Store, _ bucket: String) async throws {
        let place = ObjectLocation(
            bucket: bucket, key: "doctor/\(UUID.random().uuidString.lowercased())")
        let bytes = Data((0..<Self.probeBytes).map { UInt8(truncatingIfNeeded: $0) })
        try await store.put(.bytes(bytes), at: place)
        do {
            guard try await store.get(place, bytesMax: Self.probeBytes) == bytes else {
                throw AdministrationError("\(place) came back with other bytes.")
            }
        } catch {
            try? await store.delete(place)
            throw error
        }
        try await store.delete(place)
        guard try await store.head(place) == nil else {
            throw AdministrationError("\(place) was deleted and is still there.")
        }
    }
}
