import CZip
package import FoundationEssentials
import Glibc

/// Zip archives of model packages, by libzip.
package enum PackageArchive {
    /// 1980-01-01 00:00 in MS-DOS's format, the earliest time that zip knows.
    private static let dosDate: UInt16 = 1 << 5 | 1
    private static let ownerReadWriteAllRead: UInt32 = 0o100644
    private static let allExecute: UInt32 = 0o111

    /// Writes `files` in their order. The same files give the same bytes on any day and machine.
    ///
    /// - Parameters:
    ///   - path: must not exist; what is there after an error is the caller's to remove.
    ///   - isCompressed: weights do not shrink, so a model's package is stored as it is.
    ///   - executables: names of files that may be run.
    package static func write(
        _ files: [(name: String, bytes: Data)], to path: String, isCompressed: Bool = false,
        executables: Set<String> = []
    ) throws(VisionError) {
        let compression = Int32(isCompressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE)
        var code: Int32 = 0
        guard let archive = zip_open(path, ZIP_CREATE | ZIP_EXCL, &code) else {
            var error = zip_error_t()
            zip_error_init_with_code(&error, code)
            defer { zip_error_fini(&error) }
            throw VisionError(
                .invalidModel,
                "The archive could not be created: \(String(cString: zip_error_strerror(&error)))")
        }
        for (name, bytes) in files {
            let mode =
                ownerReadWriteAllRead | (executables.contains(name) ? allExecute : 0)
            guard add(name, bytes, to: archive, compression, mode) else {
                let reason = String(cString: zip_strerror(archive))
                zip_discard(archive)
                throw VisionError(
                    .invalidModel, "\(name) could not be added to the archive: \(reason)")
            }
        }
        guard zip_close(archive) == 0 else {
            let reason = String(cString: zip_strerror(archive))
            zip_discard(archive)
            throw VisionError(.invalidModel, "The archive could not be written: \(reason)")
        }
    }

    private static func add(
        _ name: String, _ bytes: Data, to archive: OpaquePointer, _ compression: Int32,
        _ mode: UInt32
    ) -> Bool {
        // libzip reads the buffer when it closes the archive and frees it with free().
        guard let copy = malloc(max(1, bytes.count)) else { return false }
        bytes.copyBytes(to: UnsafeMutableRawBufferPointer(start: copy, count: bytes.count))
        guard let source = zip_source_buffer(archive, copy, zip_uint64_t(bytes.count), 1) else {
            free(copy)
            return false
        }
        let index = zip_file_add(archive, name, source, zip_flags_t(ZIP_FL_ENC_UTF_8))
        guard index >= 0 else {
            zip_source_free(source)
            return false
        }
        let entry = zip_uint64_t(index)
        return zip_set_file_compression(archive, entry, compression, 0) == 0
            && zip_file_set_dostime(archive, entry, 0, dosDate, 0) == 0
            && zip_file_set_external_attributes(
                archive, entry, 0, UInt8(ZIP_OPSYS_UNIX), mode << 16) == 0
    }
}
