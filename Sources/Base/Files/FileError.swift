import Glibc
package import SystemPackage

/// A call of the file system that failed. The message names a path of this machine: it is for the
/// operator and the log, never for a client.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Why the system refused the call, as `errno` says it.
    package let code: Errno
    /// The file as the caller named it.
    package let path: String
    /// `Could not VERB PATH: REASON.`
    package let message: String

    /// - Parameters:
    ///   - verb: what was to be done, as the message has it: `read`, `write`, `make`, `lock`.
    ///   - path: the file that it was to be done to.
    package init(_ verb: String, _ path: String, _ code: Errno) {
        self.code = code
        self.path = path
        message = "Could not \(verb) \(path): \(code)."
    }

    /// The failure of the call of the C library that this thread made last: reads `errno`, so
    /// nothing may be called in between.
    package init(_ verb: String, _ path: String) {
        self.init(verb, path, Errno(rawValue: errno))
    }

    /// Whether the file system, or the share of it that the process may use, has no room left.
    package var isDiskFull: Bool { [.noSpace, .diskQuotaExceeded].contains(code) }

    /// The message, path included: for the operator and the log.
    package var description: String { message }
}
