import Access
package import Wire

extension Operations {
    /// Why the caller may not do an operation; nil for one that may. Nothing is done.
    ///
    /// - Parameter input: as `perform` takes it; members that are not there restrict nothing.
    /// - Throws: what the database throws.
    package func refusal(of operation: Wire.Operation, _ input: JSONValue) async throws -> String? {
        do {
            try await authorize(operation, input)
            return nil
        } catch let error as AccessError {
            return error.message
        }
    }
}
