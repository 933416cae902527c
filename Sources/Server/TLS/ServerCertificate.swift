import Administration
import Base
import FoundationEssentials
import Glibc
import NIOSSL
import SystemPackage

/// The files of `--tls-certificate` and `--tls-key`.
package struct TLSFiles: Sendable, Equatable {
    /// PEM: the server's own certificate first, then those between it and the authority's.
    package let certificate: String
    /// PEM: the private key of the first certificate, without a passphrase. May be the same file.
    package let key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// A certificate with its key, checked and ready for connections.
struct ServerCertificate: Sendable {
    /// Of each of the two files. A chain of ten certificates with keys of 8,192 bits has a tenth.
    private static let fileBytesMax = 1 << 20

    let context: NIOSSLContext
    /// When clients begin to refuse it: the earliest end of the chain.
    let expires: Date
    /// Of both files, to see whether they have changed.
    let digest: Data
    /// Whether other users of the machine can read the key.
    let isKeyReadable: Bool

    /// The files' bytes without a look at what they mean; nil for one that cannot be read.
    ///
    /// - Returns: one digest for both.
    static func digest(of files: TLSFiles) -> Data? {
        guard let bytes = try? Self.read(files.certificate, "--tls-certificate"),
            let key = try? Self.read(files.key, "--tls-key")
        else { return nil }
        return digest(bytes, key)
    }

    private static func digest(_ certificate: Data, _ key: Data) -> Data {
        var state = RunningDigest()
        state.update(certificate)
        state.update(Data([0]))
        state.update(key)
        return state.sha256
    }

    /// Reads and checks both files.
    ///
    /// - Throws: `AdministrationError` that names the file, what is wrong and what would be right.
    init(_ files: TLSFiles, now: Date) throws {
        let certificateBytes = try Self.read(files.certificate, "--tls-certificate")
        let keyBytes = try Self.read(files.key, "--tls-key")
        let chain = try Self.chain(certificateBytes, files)
        let key = try Self.key(keyBytes, files)
        expires = try Self.checkDates(chain, files, now)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2", "http/1.1"]
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw AdministrationError(
                "--tls-key \(files.key) is not the key of the first certificate in "
                    + "\(files.certificate), or of a kind that TLS does not take. The server's own "
                    + "certificate must come first in the file, and the key be the one that it was "
                    + "made for: RSA of 2,048 bits and more, P-256, P-384 or P-521.")
        }
        digest = Self.digest(certificateBytes, keyBytes)
        isKeyReadable = (FileStatus(path: files.key)?.mode ?? 0) & 0o077 != 0
    }

    private static func read(_ path: String, _ option: String) throws -> Data {
        let bytes: Data?
        do {
            bytes = try OpenFile.contents(path, bytesMax: fileBytesMax)
        } catch {
            throw AdministrationError(
                "\(option) \(path) cannot be read: \(String(cString: strerror(error.code.rawValue)))"
                    + ". It must be a PEM file that the server's user may read.")
        }
        guard let bytes else {
            throw AdministrationError(
                "\(option) \(path) does not exist, or has more than \(fileBytesMax >> 20) MiB. It "
                    + "must be a PEM file; 'spotter tls self-signed' makes a pair.")
        }
        return bytes
    }

    private static func chain(_ bytes: Data, _ files: TLSFiles) throws -> [NIOSSLCertificate] {
        if let chain = try? NIOSSLCertificate.fromPEMBytes([UInt8](bytes)), !chain.isEmpty {
            return chain
        }
        throw AdministrationError(
            "--tls-certificate \(files.certificate) has no certificate in PEM form, which begins "
                + "with '-----BEGIN CERTIFICATE-----', or one that is damaged.")
    }

    private static func key(_ bytes: Data, _ files: TLSFiles) throws -> NIOSSLPrivateKey {
        let text = String(decoding: bytes, as: UTF8.self)
        guard !text.contains("ENCRYPTED") else {
            throw AdministrationError(
                "--tls-key \(files.key) is protected by a passphrase, which nobody is there to "
                    + "type. Write it without one: openssl pkey -in KEY -out NEW.")
        }
        // The file may have the certificates too; the key is wherever its own block is.
        let block = text.firstRange(
            of: #/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----/#)
        if let block,
            let key = try? NIOSSLPrivateKey(
                bytes: [UInt8](text[block].utf8), format: .pem)
        {
            return key
        }
        throw AdministrationError(
            "--tls-key \(files.key) has no private key in PEM form, which begins with "
                + "'-----BEGIN PRIVATE KEY-----', or one that is damaged.")
    }

    private static func checkDates(
        _ chain: [NIOSSLCertificate], _ files: TLSFiles, _ now: Date
    ) throws -> Date {
        var expires = Date.distantFuture
        for (index, certificate) in chain.enumerated() {
            let place = "certificate \(index + 1) of --tls-certificate \(files.certificate)"
            let begin = Date(timeIntervalSince1970: Double(certificate.notValidBefore))
            let end = Date(timeIntervalSince1970: Double(certificate.notValidAfter))
            guard end > now else {
                throw AdministrationError(
                    "The \(place) has expired on \(end.formatted(.iso8601)); clients refuse it. "
                        + "Renew it.")
            }
            guard begin <= now else {
                throw AdministrationError(
                    "The \(place) is not valid before \(begin.formatted(.iso8601)). Look at this "
                        + "machine's clock, which says \(now.formatted(.iso8601)).")
            }
            expires = min(expires, end)
        }
        return expires
    }
}
