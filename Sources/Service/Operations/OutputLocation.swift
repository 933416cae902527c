import FoundationEssentials
import Storage
import Wire

extension ObjectLocation {
    /// Refuses a place that no store can have, when work is asked for and not at its end.
    ///
    /// - Parameters:
    ///   - what: of an output that would be written, like `the archive`.
    ///   - field: the location, as the request names it.
    /// - Throws: `validation` naming the field and what is wrong.
    func checkOutput(_ what: String, _ field: String) throws(WireError) {
        do {
            try check()
        } catch {
            throw .validation(
                "\(field): \(what) cannot be written to \(uri.prefix(200)): \(error.message)")
        }
    }
}

extension ServiceContext {
    /// Refuses a place for outputs below an object, where the store keeps none there, before long
    /// work ends in it. A bucket that is missing or out of reach is left to the job: it may be
    /// there by then.
    ///
    /// - Parameters:
    ///   - location: of an output that would be written.
    ///   - field: the location, as the request names it.
    /// - Throws: `validation` naming the field and the object.
    func checkOutput(_ location: ObjectLocation, _ field: String) async throws {
        do {
            guard try await isBelowObject(location), try await objects.head(location) == nil else {
                return
            }
            // Some stores keep an object and others below its name, some do not.
            try await objects.put(.bytes(Data()), at: location)
            try await objects.delete(location)
        } catch let error as StorageError {
            guard error.code == .invalidName else { return }
            throw WireError.validation("\(field): \(error.message)")
        }
    }

    /// Whether a folder of the key is an object too.
    private func isBelowObject(_ location: ObjectLocation) async throws -> Bool {
        var folders = location.key.split(separator: "/").dropLast()
        while !folders.isEmpty {
            let folder = ObjectLocation(
                bucket: location.bucket, key: folders.joined(separator: "/"))
            if try await objects.head(folder) != nil { return true }
            folders = folders.dropLast()
        }
        return false
    }
}
