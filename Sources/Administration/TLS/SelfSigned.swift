import Base
import Crypto
package import Foundation
import Glibc
import NIOCore
import SwiftASN1
import X509

/// Certificates for a plant that has no authority: one of its own, which clients are given once,
/// and a server's, which is made again with the same authority before it ends.
package enum SelfSigned {
    /// Names of the files in the folder.
    package enum File: String, CaseIterable, Sendable {
        /// What clients believe: `AWS_CA_BUNDLE`.
        case authority = "ca.pem"
        /// For the next certificate of the server; no server needs it.
        case authorityKey = "ca-key.pem"
        case server = "server.pem"
        case serverKey = "server-key.pem"

        fileprivate var isSecret: Bool { self == .authorityKey || self == .serverKey }
    }

    /// What was made.
    package struct Result: Sendable {
        /// Whether the folder had the authority already.
        package let keptAuthority: Bool
        /// When clients begin to refuse the server's certificate.
        package let expires: Date
    }

    /// The longest time that browsers take from authorities of one's own is 825 days; the usual
    /// authorities' longest was 398.
    package static let daysMax = 825
    /// A year, and a month for the one who forgets.
    package static let daysStandard = 397
    /// Clients are given it by hand, so that it should outlive the machine.
    private static let authorityDays = 3_650
    /// For clocks that are behind.
    private static let earlySeconds = 3_600.0
    private static let daySeconds = 86_400.0
    /// A certificate of that many names is 6 KiB.
    package static let namesMax = 100

    /// Makes the certificate of a server, and the authority if the folder has none yet. Files are
    /// replaced one by one, each whole: first the key, then the certificate. A server that looks in
    /// between keeps what it has.
    ///
    /// - Parameters:
    ///   - folder: made if its parent exists.
    ///   - names: host names, `*.` before one too, and addresses, by which clients reach the
    ///     server.
    ///   - days: 1 to `daysMax`.
    /// - Throws: `AdministrationError` for a name that is none, an authority that cannot be used,
    ///   and files that cannot be written.
    package static func make(
        in folder: String, names: [String], days: Int = daysStandard, now: Date = Date()
    ) throws -> Result {
        let general = try names.map { try generalName($0) }
        guard let first = names.first, names.count <= namesMax else {
            throw AdministrationError(
                "Give 1 to \(namesMax) names by which clients reach the server, as --name HOST.")
        }
        guard (1...daysMax).contains(days) else {
            throw AdministrationError("--days must be 1 to \(daysMax), not \(days).")
        }
        do {
            // Whatever the process's mask is: the server's user must reach its files.
            if try DurableFile.makeFolder(folder), chmod(folder, 0o755) != 0 {
                throw FileError("make", folder)
            }
            let kept = try authority(in: folder, now: now)
            let authority = try kept ?? Authority(now: now)
            if kept == nil {
                try write(authority.key.pemRepresentation, .authorityKey, in: folder)
                try write(authority.certificate.serializeAsPEM().pemString, .authority, in: folder)
            }
            let expires = min(
                now.addingTimeInterval(Double(days) * daySeconds),
                authority.certificate.notValidAfter)
            let key = P256.Signing.PrivateKey()
            let certificate = try authority.certificate(
                for: key, named: first, general, now: now, expires: expires)
            try write(key.pemRepresentation, .serverKey, in: folder)
            try write(certificate.serializeAsPEM().pemString, .server, in: folder)
            return Result(keptAuthority: kept != nil, expires: certificate.notValidAfter)
        } catch let error as FileError {
            throw AdministrationError("--out \(folder): \(error.message)")
        }
    }

    private static func write(_ text: String, _ file: File, in folder: String) throws {
        let path = "\(folder)/\(file.rawValue)"
        let text = text.hasSuffix("\n") ? text : text + "\n"
        let mode: mode_t = file.isSecret ? 0o600 : 0o644
        try DurableFile.write(Data(text.utf8), to: path, mode: UInt32(mode))
        // Whatever the process's mask is: certificates are for everybody.
        guard chmod(path, mode) == 0 else { throw FileError("write", path) }
    }

    /// The authority of the folder; nil when it has none.
    private static func authority(in folder: String, now: Date) throws -> Authority? {
        let (path, keyPath) = (
            "\(folder)/\(File.authority.rawValue)", "\(folder)/\(File.authorityKey.rawValue)"
        )
        guard FileStatus(path: path) != nil || FileStatus(path: keyPath) != nil else { return nil }
        guard let text = FileManager.default.contents(atPath: path),
            let keyText = FileManager.default.contents(atPath: keyPath),
            let certificate = try? Certificate(
                pemEncoded: String(decoding: text, as: UTF8.self)),
            let key = try? P256.Signing.PrivateKey(
                pemRepresentation: String(decoding: keyText, as: UTF8.self)),
            Certificate.PublicKey(key.publicKey) == certificate.publicKey
        else {
            throw AdministrationError(
                "\(path) and \(keyPath) are not an authority and its key as this command makes "
                    + "them, or one of them cannot be read. Put them right, or choose another "
                    + "--out; nothing was changed.")
        }
        guard certificate.notValidAfter > now.addingTimeInterval(daySeconds) else {
            throw AdministrationError(
                "The authority \(path) ends on \(certificate.notValidAfter.formatted(.iso8601)). "
                    + "Choose another --out for a new one, and give its \(File.authority.rawValue) "
                    + "to the clients.")
        }
        return Authority(key: key, certificate: certificate)
    }

    /// A name as certificates have it.
    private static func generalName(_ name: String) throws -> GeneralName {
        if let address = try? SocketAddress(ipAddress: name, port: 0) {
            switch address {
            case .v4(let v4):
                return .ipAddress(bytes(of: v4.address.sin_addr))
            case .v6(let v6):
                return .ipAddress(bytes(of: v6.address.sin6_addr))
            case .unixDomainSocket: break
            }
        }
        // A wildcard may only stand for the first of several parts.
        let parts = (name.hasPrefix("*.") ? name.dropFirst(2) : name[...])
            .split(separator: ".", omittingEmptySubsequences: false)
        let part = #/[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?/#
        let isName = name.count <= 253 && parts.allSatisfy { $0.wholeMatch(of: part) != nil }
        guard isName else {
            throw AdministrationError(
                "--name must be a host's name or address without scheme and port, like "
                    + "spotter.plant.example or 192.0.2.7, not '\(name)'.")
        }
        return .dnsName(name)
    }

    private static func bytes<Value>(of value: Value) -> ASN1OctetString {
        withUnsafeBytes(of: value) { ASN1OctetString(contentBytes: ArraySlice($0)) }
    }

    /// A key and the certificate that says that it may make others.
    private struct Authority {
        let key: P256.Signing.PrivateKey
        let certificate: Certificate

        init(key: P256.Signing.PrivateKey, certificate: Certificate) {
            self.key = key
            self.certificate = certificate
        }

        init(now: Date) throws {
            key = P256.Signing.PrivateKey()
            let publicKey = Certificate.PublicKey(key.publicKey)
            // A year in the name, for those who find two of them in a list.
            let year = Calendar(identifier: .gregorian).component(.year, from: now)
            let name = try DistinguishedName { CommonName("Spotter's own authority of \(year)") }
            let identifier = SubjectKeyIdentifier(hash: publicKey)
            certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: publicKey,
                notValidBefore: now.addingTimeInterval(-earlySeconds),
                notValidAfter: now.addingTimeInterval(Double(authorityDays) * daySeconds),
                issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    identifier
                }, issuerPrivateKey: .init(key))
        }

        func certificate(
            for serverKey: P256.Signing.PrivateKey, named name: String, _ names: [GeneralName],
            now: Date, expires: Date
        ) throws -> Certificate {
            let publicKey = Certificate.PublicKey(serverKey.publicKey)
            // Common names have 64 characters at most; clients look at the others only.
            let subject = try DistinguishedName { CommonName(String(name.prefix(64))) }
            return try Certificate(
                version: .v3, serialNumber: .init(), publicKey: publicKey,
                notValidBefore: now.addingTimeInterval(-earlySeconds), notValidAfter: expires,
                issuer: certificate.subject, subject: subject,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([.serverAuth])
                    SubjectAlternativeNames(names)
                    SubjectKeyIdentifier(hash: publicKey)
                    AuthorityKeyIdentifier(
                        keyIdentifier: SubjectKeyIdentifier(
                            hash: certificate.publicKey
                        ).keyIdentifier)
                }, issuerPrivateKey: .init(key))
        }
    }
}
