/// Why a command or a server cannot go on; its message is for the operator who started it.
package struct AdministrationError: Error, Sendable, CustomStringConvertible {
    package let message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}
