import Foundation
import Glibc
import Storage
import Synchronization
import TestSupport
import Testing

/// A PostgreSQL of Debian's package on a socket in a folder of its own, which lives no longer than
/// this process. As root the tests start it as `nobody`: it refuses to run as root.
final class PostgreSQLServer: Sendable {
    private static let binaries = "/usr/lib/postgresql/15/bin"
    private static let sharedServer = Mutex<Result<PostgreSQLServer, any Error>?>(nil)

    let directory: String
    private let databases = Atomic(0)
    private let keeper: Process
    /// The keeper stops the server at its end, however this process ends.
    private let input: Pipe
    private let output = Pipe()

    /// One for all tests that leave it as it is.
    static func shared() throws -> PostgreSQLServer {
        try sharedServer.withLock { server in
            let result = server ?? Result { try PostgreSQLServer() }
            server = result
            return try result.get()
        }
    }

    init() throws {
        try #require(
            FileManager.default.isExecutableFile(atPath: "\(Self.binaries)/postgres"),
            "The tests need PostgreSQL 15: scripts/setup --tests")
        // The name of a socket has at most 107 bytes.
        let name = UUID().uuidString.prefix(8)
        directory = "/tmp/spotter-postgresql-\(name)"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false)
        if geteuid() == 0, let nobody = getpwnam("nobody") {
            chown(directory, nobody.pointee.pw_uid, nobody.pointee.pw_gid)
        }
        (keeper, input) = (Process(), Pipe())
        let command = Self.unprivileged(["/bin/sh", "-c", Self.script, "sh", directory])
        keeper.executableURL = URL(filePath: command[0])
        keeper.arguments = Array(command.dropFirst())
        keeper.currentDirectoryURL = URL(filePath: "/")
        keeper.standardInput = input
        keeper.standardOutput = output
        keeper.standardError = FileHandle.nullDevice
        try keeper.run()
        try waitUntilDone()
    }

    deinit { try? input.fileHandleForWriting.close() }

    private func waitUntilDone() throws {
        var text = ""
        while !text.hasSuffix("done\n") {
            let piece = output.fileHandleForReading.availableData
            try #require(!piece.isEmpty, "PostgreSQL's keeper ended: \(text)")
            text += String(decoding: piece, as: UTF8.self)
        }
        try #require(text == "done\n")
    }

    /// `$1` is the folder. It takes words for pg_ctl and ends with its standard input.
    private static let script = """
        trap '' INT HUP TERM
        bin=\(binaries)
        {
            $bin/initdb -D $1/data -U spotter -A trust -E UTF8 --locale=C.UTF-8 --no-sync &&
            cat >> $1/data/postgresql.conf <<END &&
        listen_addresses = ''
        unix_socket_directories = '$1'
        fsync = off
        full_page_writes = off
        shared_buffers = 32MB
        END
            $bin/pg_ctl -D $1/data -w -l $1/log start
        } > $1/setup.log 2>&1 < /dev/null || cat $1/setup.log
        echo done
        while read -r word; do
            $bin/pg_ctl -D $1/data -w -m fast -l $1/log $word \\
                > $1/setup.log 2>&1 < /dev/null || cat $1/setup.log
            echo done
        done
        exec > /dev/null 2>&1
        $bin/pg_ctl -D $1/data -m immediate stop < /dev/null
        rm -rf $1
        """

    private static func unprivileged(_ command: [String]) -> [String] {
        guard geteuid() == 0 else { return command }
        return ["/usr/bin/setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] + command
    }

    /// The URL of a new, empty database.
    func database() throws -> String {
        let name = "test\(databases.wrappingAdd(1, ordering: .relaxed).newValue)"
        try sql("CREATE DATABASE \(name)", database: "postgres")
        return url(name)
    }

    func url(_ name: String) -> String { "postgres://spotter@/\(name)?host=\(directory)" }

    /// What psql prints for some SQL.
    ///
    /// - Parameter database: a name or a URL.
    @discardableResult
    func sql(_ sql: String, database: String) throws -> String {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: "\(Self.binaries)/psql")
        process.arguments = [
            "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", directory, "-U", "spotter", "-d",
            database, "-c", sql,
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(
            decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(sql): \(text)")
        return text.trimmingCharacters(in: .newlines)
    }

    /// Takes away all connections to a database.
    func endOtherConnections(_ url: String) throws {
        try sql(
            """
            SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """, database: url)
    }

    func restart() throws { try tell("restart") }

    func stop() throws { try tell("stop") }

    private func tell(_ word: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(word)\n".utf8))
        try waitUntilDone()
    }
}
