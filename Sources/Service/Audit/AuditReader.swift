import Base
package import FoundationEssentials
import Glibc
package import Storage
import SystemPackage

/// Reads audit lines in the order of time, a piece at a time.
package struct AuditReader: Sendable {
    private static let pageKeys = 1000
    private static let pieceBytes = 1 << 20
    /// Some hundred lines: a page of the newest needs no more.
    private static let backwardPieceBytes = 128 << 10

    private let since: String?
    private let until: String?

    /// - Parameters:
    ///   - since: the time of the first call that is wanted, to the second.
    ///   - until: the time before which the last one was made.
    package init(since: Date?, until: Date?) {
        self.since = since.map(AuditLine.text)
        self.until = until.map(AuditLine.text)
    }

    /// The lines of all servers. Held at once are the objects that begin before the line at hand
    /// and end after it: one or two of each server that lived then.
    ///
    /// - Parameter emit: called with each line and its newline.
    /// - Throws: `StorageError` when the bucket cannot be read, and what `emit` throws.
    package func read(
        _ objects: any ObjectStore, bucket: String, _ emit: (Data) throws -> Void
    ) async throws {
        var merge = AuditMerge()
        var after = since.flatMap(AuditLine.date).map {
            AuditKey.start(
                AuditLine.text(
                    $0.addingTimeInterval(-Limits.auditObjectSeconds - 1)))
        }
        // An object may begin with a line that is a little later than its second one.
        let last = until.flatMap(AuditLine.date).map {
            AuditLine.text($0.addingTimeInterval(Limits.auditDisorderSeconds))
        }
        listing: while true {
            let page = try await objects.list(
                bucket, prefix: AuditKey.folder, after: after, limit: Self.pageKeys)
            for object in page {
                guard let time = AuditKey.time(of: object.key) else { continue }
                if let last, time > last { break listing }
                try merge.emit(before: time) { try wanted($0, emit) }
                let bytes = try await objects.get(
                    ObjectLocation(bucket: bucket, key: object.key),
                    bytesMax: 2 * Limits.auditObjectBytesMax)
                merge.add(object.key, bytes, from: time)
            }
            guard page.count == Self.pageKeys else { break }
            after = page.last?.key
        }
        try merge.emit(before: nil) { try wanted($0, emit) }
    }

    /// The lines in the folder of a server, which may be running.
    ///
    /// - Parameters:
    ///   - kind: whose calls are wanted.
    ///   - emit: called with each line and its newline.
    /// - Throws: what `emit` throws; a folder or a file that is not there has no lines.
    package func read(
        directory: String, _ kind: AuditFiles.Kind = .audit, _ emit: (Data) throws -> Void
    ) throws {
        for file in files(directory, kind).reversed() {
            guard let opened = open(directory, kind, file.number, file.identity) else { continue }
            try read(opened, emit)
        }
    }

    /// The lines in the folder of a server from the last one on, in the order opposite to that in
    /// which they were written. Files that were written last before the wanted time are not opened.
    ///
    /// - Parameter emit: called with each line and its newline; false ends the reading.
    /// - Throws: what `emit` throws; a folder or a file that is not there has no lines.
    package func readNewestFirst(directory: String, _ emit: (Data) throws -> Bool) throws {
        let start = since.flatMap(AuditLine.date)
        for file in files(directory, .audit) {
            guard let opened = open(directory, .audit, file.number, file.identity) else { continue }
            if let start, let written = opened.status?.modified, written < start { return }
            guard try readBackwards(opened, emit) else { return }
        }
    }

    /// From the newest on: a file that is renamed meanwhile is seen twice rather than never.
    private func files(_ directory: String, _ kind: AuditFiles.Kind)
        -> [(number: Int, identity: UInt64)]
    {
        var found: [(number: Int, identity: UInt64)] = []
        for number in AuditFiles.numbers(in: directory, kind) {
            guard let status = FileStatus(path: AuditFiles.path(directory, number, kind)),
                !found.contains(where: { $0.identity == status.inode })
            else { continue }
            found.append((number, status.inode))
        }
        return found
    }

    /// The file that had a number, which has grown by the files that came since.
    ///
    /// - Returns: nil when it is gone: it was the oldest.
    private func open(
        _ directory: String, _ kind: AuditFiles.Kind, _ number: Int, _ identity: UInt64
    ) -> OpenFile? {
        for current in AuditFiles.numbers(in: directory, kind) where current >= number {
            let path = AuditFiles.path(directory, current, kind)
            let file = try? OpenFile.opening(path, .readOnly, [])
            if let file, file.status?.inode == identity { return file }
        }
        return nil
    }

    private func read(_ file: OpenFile, _ emit: (Data) throws -> Void) throws {
        var offset = 0
        var rest = Data()
        while true {
            let piece = try file.bytes(at: offset, count: Self.pieceBytes)
            guard !piece.isEmpty else { return }
            offset += piece.count
            rest += piece
            var used = rest.startIndex
            // A last line without its end is being written, or was cut by a crash.
            for line in AuditLine.split(rest) where line.last == UInt8(ascii: "\n") {
                try wanted(line, emit)
                used = line.endIndex
            }
            rest = Data(rest[used...])
        }
    }

    /// - Returns: false once nothing more is wanted.
    private func readBackwards(_ file: OpenFile, _ emit: (Data) throws -> Bool) throws -> Bool {
        var end = file.status?.size ?? 0
        var rest = Data()
        while end > 0 {
            let start = max(0, end - Self.backwardPieceBytes)
            var lines = Array(
                AuditLine.split(try file.bytes(at: start, count: end - start) + rest))
            end = start
            // The first one may have begun before.
            rest = start > 0 && !lines.isEmpty ? Data(lines.removeFirst()) : Data()
            // A last line without its end is being written, or was cut by a crash.
            for line in lines.reversed()
            where line.last == UInt8(ascii: "\n") && isWanted(line) {
                if try !emit(line) { return false }
            }
        }
        return true
    }

    private func wanted(_ line: Data, _ emit: (Data) throws -> Void) throws {
        guard isWanted(line) else { return }
        try emit(line.last == UInt8(ascii: "\n") ? line : line + [UInt8(ascii: "\n")])
    }

    private func isWanted(_ line: Data) -> Bool {
        guard let time = AuditLine.time(of: line) else { return true }
        if let since, time < since { return false }
        if let until, time >= until { return false }
        return true
    }
}
