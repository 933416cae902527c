/// Why a server could not start; the message is for whoever started it.
package struct AdministrationError: Error, Sendable, CustomStringConvertible {
    package let message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}
