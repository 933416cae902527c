import CPostgreSQL
import FoundationEssentials
import Glibc

/// What can stand for a `$1` of a statement. nil is NULL.
protocol PostgreSQLBindable: Sendable {
    /// The bytes of the parameter, and whether they are in PostgreSQL's binary format.
    func parameter() throws -> (bytes: [UInt8], isBinary: Bool)
}

extension String: PostgreSQLBindable {
    func parameter() throws -> (bytes: [UInt8], isBinary: Bool) {
        let bytes = Array(utf8)
        guard !bytes.contains(0) else {
            throw StorageError(
                .invalidName,
                "'\(prefix { $0 != "\0" })' goes on with the character U+0000, which PostgreSQL "
                    + "does not store.")
        }
        return (bytes, false)
    }
}

extension Int: PostgreSQLBindable {
    func parameter() -> (bytes: [UInt8], isBinary: Bool) { (Array(String(self).utf8), false) }
}

extension Double: PostgreSQLBindable {
    /// Swift's shortest text that reads back as the same number.
    func parameter() -> (bytes: [UInt8], isBinary: Bool) { (Array(description.utf8), false) }
}

extension Data: PostgreSQLBindable {
    func parameter() -> (bytes: [UInt8], isBinary: Bool) { (Array(self), true) }
}

/// The parameters of one execution, in the memory and form that libpq wants.
struct PostgreSQLParameters: ~Copyable {
    private(set) var values: [UnsafePointer<CChar>?] = []
    private(set) var lengths: [Int32] = []
    private(set) var formats: [Int32] = []

    init(_ arguments: [(any PostgreSQLBindable)?]) throws {
        for argument in arguments {
            guard let argument else {
                append(nil, length: 0, isBinary: false)
                continue
            }
            let (bytes, isBinary) = try argument.parameter()
            guard let length = Int32(exactly: bytes.count) else {
                throw StorageError(.tooLarge, "A value has more than 2 GB.")
            }
            // Texts end in a NUL.
            let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
            memory[bytes.count] = 0
            bytes.withUnsafeBytes { bytes in
                if let start = bytes.baseAddress { memcpy(memory, start, bytes.count) }
            }
            append(UnsafePointer(memory), length: length, isBinary: isBinary)
        }
    }

    private mutating func append(_ value: UnsafePointer<CChar>?, length: Int32, isBinary: Bool) {
        values.append(value)
        lengths.append(length)
        formats.append(isBinary ? 1 : 0)
    }

    deinit { for value in values { value?.deallocate() } }
}

/// The rows of a result, in PostgreSQL's binary format. For one thread.
final class PostgreSQLRows {
    private let result: OpaquePointer

    init(owning result: OpaquePointer) { self.result = result }

    deinit { PQclear(result) }

    var status: ExecStatusType { PQresultStatus(result) }
    var count: Int { Int(PQntuples(result)) }

    /// `COMMIT`, `ROLLBACK`, `INSERT 0 1` and the like.
    var command: String { String(cString: PQcmdStatus(result)) }

    /// A field of the server's error; without the details, which may tell values of rows.
    func errorField(_ code: UnicodeScalar) -> String? {
        PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
    }

    /// - Returns: nil for NULL.
    func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
        guard PQgetisnull(result, Int32(row), Int32(column)) == 0 else { return nil }
        return UnsafeRawBufferPointer(
            start: PQgetvalue(result, Int32(row), Int32(column)),
            count: Int(PQgetlength(result, Int32(row), Int32(column))))
    }

    /// Empty for NULL.
    func text(_ row: Int, _ column: Int) -> String {
        bytes(row, column).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    func blob(_ row: Int, _ column: Int) -> Data? { bytes(row, column).map { Data($0) } }

    /// 0 for NULL.
    func integer(_ row: Int, _ column: Int) -> Int {
        let bytes = bytes(row, column)
        // Big-endian, of two, four or eight bytes.
        guard let first = bytes?.first else { return 0 }
        let sign = Int(Int8(bitPattern: first) < 0 ? -1 : 0)
        return bytes?.reduce(sign) { $0 << 8 | Int($1) } ?? 0
    }

    /// 0 for NULL.
    func real(_ row: Int, _ column: Int) -> Double {
        Double(bitPattern: UInt64(bitPattern: Int64(integer(row, column))))
    }
}
