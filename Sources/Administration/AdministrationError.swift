/// Why a command or a server cannot go on; its message is for the operator who started it.
package struct AdministrationError: Error, Sendable, CustomStringConvertible {
    /// A whole sentence that says what to do; may name paths and hosts.
    package let message: String

    /// - Parameter message: Printed as it is after `Error: `.
    package init(_ message: String) { self.message = message }

    /// The message alone.
    package var description: String { message }
}
