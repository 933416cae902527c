import CZip
import FoundationEssentials
import Glibc

/// The files of a package, wherever they lie. Nothing is written to disk, and no path that the
/// package names is ever opened: callers ask for names that they know.
enum PackageFiles {
    case directory(String)
    case archive(String)

    /// - Returns: nil when there is no such file.
    /// - Throws: `invalidModel` for damage, and for more than `bytesMax` bytes.
    func read(_ name: String, bytesMax: Int) throws(VisionError) -> Data? {
        switch self {
        case .directory(let path): try Self.readFile("\(path)/\(name)", bytesMax: bytesMax)
        case .archive(let path): try ArchiveReader(path: path).read(name, bytesMax: bytesMax)
        }
    }

    private static func readFile(_ path: String, bytesMax: Int) throws(VisionError) -> Data? {
        // Neither a link nor a pipe may stand in for a file.
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw VisionError(
                .invalidModel, "\(path) could not be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw VisionError(.invalidModel, "\(path) is not a regular file.")
        }
        guard status.st_size <= bytesMax else {
            throw VisionError(
                .invalidModel,
                "\(path) has \(status.st_size) bytes; at most \(bytesMax) are allowed.")
        }
        var data = Data(count: Int(status.st_size))
        let count = data.count
        let complete = data.withUnsafeMutableBytes { buffer in
            var done = 0
            while done < count {
                let got = Glibc.read(descriptor, buffer.baseAddress! + done, count - done)
                guard got > 0 else { return false }
                done += got
            }
            return true
        }
        guard complete else {
            throw VisionError(.invalidModel, "\(path) changed while it was read.")
        }
        return data
    }
}

/// Reads a zip archive that nobody vouches for.
private final class ArchiveReader {
    private let handle: OpaquePointer
    private let path: String

    init(path: String) throws(VisionError) {
        var code: Int32 = 0
        guard let handle = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code) else {
            var error = zip_error_t()
            zip_error_init_with_code(&error, code)
            defer { zip_error_fini(&error) }
            throw VisionError(
                .invalidModel,
                "\(path) is not a whole zip archive: \(String(cString: zip_error_strerror(&error)))"
                    + ". Copy it again.")
        }
        self.handle = handle
        self.path = path
        try check()
    }

    deinit { zip_discard(handle) }

    /// Looks at every entry before any is read: one bad entry makes the whole archive suspect.
    private func check() throws(VisionError) {
        let count = zip_get_num_entries(handle, 0)
        guard count <= VisionLimits.packageFilesMax else {
            throw refusal(
                "has \(count) files; at most \(VisionLimits.packageFilesMax) are allowed")
        }
        var names: Set<String> = []
        var bytes: UInt64 = 0
        for index in 0..<zip_uint64_t(max(0, count)) {
            let entry = try status(index)
            let name = String(cString: entry.name)
            guard !name.hasPrefix("/"), !name.contains("\\"),
                !name.split(separator: "/").contains(where: { $0 == ".." || $0 == "." })
            else { throw refusal("names the path '\(name)', which leads out of it") }
            guard names.insert(name).inserted else { throw refusal("has '\(name)' twice") }
            var system: UInt8 = 0
            var attributes: UInt32 = 0
            zip_file_get_external_attributes(handle, index, 0, &system, &attributes)
            let kind = attributes >> 16 & UInt32(S_IFMT)
            guard system != UInt8(ZIP_OPSYS_UNIX) || [0, S_IFREG, S_IFDIR].contains(kind) else {
                throw refusal("has '\(name)', which is a link or a device")
            }
            guard entry.encryption_method == UInt16(ZIP_EM_NONE),
                [ZIP_CM_STORE, ZIP_CM_DEFLATE].contains(Int32(entry.comp_method))
            else { throw refusal("has '\(name)' encrypted or packed in an unknown way") }
            let (sum, overflow) = bytes.addingReportingOverflow(entry.size)
            guard !overflow, sum <= UInt64(VisionLimits.packageBytesMax) else {
                throw refusal(
                    "unpacks to more than \(VisionLimits.packageBytesMax) bytes")
            }
            bytes = sum
        }
    }

    private func refusal(_ reason: String) -> VisionError {
        VisionError(.invalidModel, "The package \(path) \(reason).")
    }

    private func status(_ index: zip_uint64_t) throws(VisionError) -> zip_stat_t {
        var entry = zip_stat_t()
        zip_stat_init(&entry)
        let needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD
        guard zip_stat_index(handle, index, 0, &entry) == 0, entry.valid & UInt64(needed) == needed,
            entry.name != nil
        else { throw refusal("has a damaged directory") }
        return entry
    }

    func read(_ name: String, bytesMax: Int) throws(VisionError) -> Data? {
        let index = zip_name_locate(handle, name, 0)
        guard index >= 0 else { return nil }
        let size = try status(zip_uint64_t(index)).size
        guard size <= UInt64(bytesMax) else {
            throw refusal("has '\(name)' of \(size) bytes; at most \(bytesMax) are allowed")
        }
        guard let file = zip_fopen_index(handle, zip_uint64_t(index), 0) else {
            throw refusal("has '\(name)', which cannot be read: \(reason(zip_get_error(handle)))")
        }
        defer { zip_fclose(file) }
        var data = Data(count: Int(size))
        let outcome: String? = data.withUnsafeMutableBytes { buffer in
            var done = 0
            while done < buffer.count {
                let got = zip_fread(
                    file, buffer.baseAddress! + done, zip_uint64_t(buffer.count - done))
                if got < 0 { return reason(zip_file_get_error(file)) }
                if got == 0 { return "it ends too early" }
                done += Int(got)
            }
            // The end must be where the directory says; reading past it also compares the CRC.
            var more: UInt8 = 0
            let got = zip_fread(file, &more, 1)
            return got == 0 ? nil : got < 0 ? reason(zip_file_get_error(file)) : "it is too long"
        }
        if let outcome { throw refusal("has a damaged '\(name)': \(outcome)") }
        return data
    }

    private func reason(_ error: UnsafeMutablePointer<zip_error_t>?) -> String {
        error.map { String(cString: zip_error_strerror($0)) } ?? "unknown"
    }
}
