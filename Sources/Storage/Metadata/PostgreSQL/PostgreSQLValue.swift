import CPostgreSQL
import FoundationEssentials
import Glibc

/// The parameters of one execution, in the memory and form that libpq wants.
struct PostgreSQLParameters: ~Copyable {
    private(set) var values: [UnsafePointer<CChar>?] = []
    private(set) var lengths: [Int32] = []
    private(set) var formats: [Int32] = []

    /// - Throws: `StorageError`: `.invalidName` for a text with U+0000, which PostgreSQL does not
    ///   store; `.tooLarge`.
    init(_ arguments: SQLArguments) throws {
        for argument in arguments {
            guard let value = argument?.sqlValue else {
                append(nil, length: 0, isBinary: false)
                continue
            }
            let (bytes, isBinary) = try Self.parameter(value)
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

    /// The bytes of a parameter, and whether they are in PostgreSQL's binary format.
    private static func parameter(_ value: SQLValue) throws -> (bytes: [UInt8], isBinary: Bool) {
        switch value {
        case .text(let text):
            let bytes = Array(text.utf8)
            guard !bytes.contains(0) else {
                throw StorageError(
                    .invalidName,
                    "'\(text.prefix { $0 != "\0" })' goes on with the character U+0000, which "
                        + "PostgreSQL does not store.")
            }
            return (bytes, false)
        case .integer(let integer): return (Array(String(integer).utf8), false)
        // Swift's shortest text that reads back as the same number.
        case .real(let real): return (Array(real.description.utf8), false)
        case .blob(let bytes): return (Array(bytes), true)
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

    /// A field of the server's error; without the details, which may have values of rows.
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
