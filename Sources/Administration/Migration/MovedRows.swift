import Base
import FoundationEssentials
import Storage

/// The note that `spotter migrate` leaves in a data directory whose rows live elsewhere now. The
/// rows in it only grow older, and files that later rows name belong to nobody in its eyes: neither
/// a server nor a backup may take them for the truth.
package enum MovedRows {
    /// Directly in the data directory, in capitals so that people see it.
    package static let fileName = "ROWS-MOVED.txt"
    private static let noteBytesMax = 4 << 10

    /// - Parameter place: in words, without a password.
    static func note(in dataDirectory: String, place: String, now: Date) throws {
        let text = """
            The rows of this data directory were moved to the \(place) on \
            \(now.formatted(.iso8601)).

            Give Spotter's commands the address of that database as --metadata. What is saved, and \
            how, is in docs/operating.md, under "Backup".

            \(DataDirectory.databaseName) beside this file has the rows as they were then. To go \
            back to them, and lose what has changed since, stop the server and remove this file.

            """
        try DurableFile.write(Data(text.utf8), to: path(dataDirectory))
    }

    static func path(_ dataDirectory: String) -> String { "\(dataDirectory)/\(fileName)" }

    /// Where the rows are now, as a sentence; nil when they are in the data directory.
    static func sentence(_ dataDirectory: String) -> String? {
        let path = path(dataDirectory)
        guard FileStatus(at: path) != nil else { return nil }
        var bytes = Data()
        try? OpenFile.reading(path)?.forEachPiece(bytesMax: noteBytesMax) { bytes += $0 }
        let line = String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline }
        guard line.isEmpty else { return "\(line)" }
        return "The rows of the data directory \(dataDirectory) were moved to another database."
    }

    /// For commands that are to use the rows of the data directory itself.
    ///
    /// - Throws: `AdministrationError` when they are elsewhere.
    package static func check(_ dataDirectory: String) throws {
        guard let sentence = sentence(dataDirectory) else { return }
        throw AdministrationError("\(sentence) \(remedy(dataDirectory))")
    }

    static func remedy(_ dataDirectory: String) -> String {
        "Give the address of that database as --metadata. To go back to the rows as they were "
            + "then, remove \(path(dataDirectory))."
    }
}
