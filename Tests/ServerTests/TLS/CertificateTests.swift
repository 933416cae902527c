import Administration
import Base
import Foundation
import Glibc
import NIOSSL
import TestSupport
import Testing

@testable import Server

/// Which pairs of files a server begins with, and what it does when they change under it.
@Suite struct CertificateTests {
    private let directory: TemporaryDirectory
    private let log = LogLines()
    private let now = Date()

    init() throws { directory = try TemporaryDirectory() }

    private func pair(_ name: String, days: Int = 397, at time: Date? = nil) throws -> TLSFiles {
        let folder = "\(directory.path)/\(name)"
        _ = try SelfSigned.make(
            in: folder, names: ["localhost", "127.0.0.1", "::1"], days: days, now: time ?? now)
        return TLSFiles(
            certificate: "\(folder)/server.pem", key: "\(folder)/server-key.pem")
    }

    private func holder(_ files: TLSFiles, at time: Date? = nil) throws -> CertificateHolder {
        try CertificateHolder(files, now: time ?? now, logger: log.logger)
    }

    private func message(_ files: TLSFiles, at time: Date? = nil) throws -> String {
        let error = #expect(throws: AdministrationError.self) { _ = try holder(files, at: time) }
        return try #require(error).message
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    @Test func aPairThatBelongsTogetherIsTaken() throws {
        let holder = try holder(pair("a"))
        #expect(abs(holder.expires.timeIntervalSince(now) - 397 * 86_400) < 2)
        #expect(log.all.isEmpty)
    }

    @Test func keysAreTheirOwnersOnly() throws {
        let files = try pair("a")
        let folder = "\(directory.path)/a"
        #expect((FileStatus(path: folder)?.mode ?? 0) & 0o777 == 0o755)
        for name in ["server-key.pem", "ca-key.pem"] {
            #expect((FileStatus(path: "\(folder)/\(name)")?.mode ?? 0) & 0o777 == 0o600)
        }
        for name in ["server.pem", "ca.pem"] {
            #expect((FileStatus(path: "\(folder)/\(name)")?.mode ?? 0) & 0o777 == 0o644)
        }
        #expect(chmod(files.key, 0o644) == 0)
        _ = try holder(files)
        #expect(log.all.contains { $0.contains("can read the key of TLS") })
    }

    @Test func aSecondCertificateComesFromTheSameAuthority() throws {
        let first = try pair("a")
        let folder = "\(directory.path)/a"
        let (ca, server) = (
            FileManager.default.contents(atPath: "\(folder)/ca.pem"),
            FileManager.default.contents(atPath: first.certificate)
        )
        let result = try SelfSigned.make(in: folder, names: ["other.example"], now: now)
        #expect(result.keptAuthority)
        #expect(FileManager.default.contents(atPath: "\(folder)/ca.pem") == ca)
        #expect(FileManager.default.contents(atPath: first.certificate) != server)
        _ = try holder(first)
        // An authority without its key cannot make another; nothing is overwritten.
        #expect(unlink("\(folder)/ca-key.pem") == 0)
        #expect(throws: AdministrationError.self) {
            try SelfSigned.make(in: folder, names: ["other.example"], now: now)
        }
        #expect(FileManager.default.contents(atPath: "\(folder)/ca.pem") == ca)
    }

    @Test(arguments: [
        "", "a b", "https://a.example", "a.example:9444", "-a", "*", "a..b", "256.1.1.1/8",
    ])
    func whatIsNoNameIsRefused(_ name: String) throws {
        #expect(throws: AdministrationError.self) {
            try SelfSigned.make(in: "\(directory.path)/names", names: [name], now: now)
        }
        #expect(FileStatus(path: "\(directory.path)/names") == nil)
    }

    @Test func aKeyOfAnotherCertificateIsNamed() throws {
        let (a, b) = (try pair("a"), try pair("b"))
        let text = try message(TLSFiles(certificate: a.certificate, key: b.key))
        #expect(text.contains(b.key) && text.contains(a.certificate))
    }

    @Test func theAuthoritysCertificateMustNotComeFirst() throws {
        let files = try pair("a")
        let ca = try String(contentsOfFile: "\(directory.path)/a/ca.pem", encoding: .utf8)
        let server = try String(contentsOfFile: files.certificate, encoding: .utf8)
        let chain = "\(directory.path)/chain.pem"
        try write(server + ca, to: chain)
        _ = try holder(TLSFiles(certificate: chain, key: files.key))
        try write(ca + server, to: chain)
        #expect(
            try message(TLSFiles(certificate: chain, key: files.key)).contains("must come first"))
    }

    @Test func oneFileMayHaveBoth() throws {
        let files = try pair("a")
        let both = "\(directory.path)/both.pem"
        try write(
            String(contentsOfFile: files.certificate, encoding: .utf8)
                + String(contentsOfFile: files.key, encoding: .utf8), to: both)
        _ = try holder(TLSFiles(certificate: both, key: both))
    }

    @Test func whatIsOverOrNotYetValidSaysWhen() throws {
        let files = try pair("a", days: 10)
        let later = now.addingTimeInterval(11 * 86_400)
        #expect(try message(files, at: later).contains("has expired on"))
        let earlier = now.addingTimeInterval(-86_400)
        #expect(try message(files, at: earlier).contains("is not valid before"))
    }

    @Test func filesThatAreNoneOfThisAreNamed() throws {
        let files = try pair("a")
        let other = "\(directory.path)/other"
        let swapped = TLSFiles(certificate: files.key, key: files.certificate)
        #expect(try message(swapped).contains("has no certificate in PEM form"))
        let missing = TLSFiles(certificate: files.certificate, key: other)
        #expect(try message(missing).contains("does not exist"))
        let folder = TLSFiles(certificate: directory.path, key: files.key)
        #expect(try message(folder).contains(directory.path))
        try write("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n", to: other)
        #expect(
            try message(TLSFiles(certificate: files.certificate, key: other))
                .contains("passphrase"))
        try write(
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", to: other)
        #expect(
            try message(TLSFiles(certificate: files.certificate, key: other))
                .contains("has no private key in PEM form"))
    }

    @Test func aRenewedPairIsTakenUpOnce() throws {
        let files = try pair("a", days: 30)
        let holder = try holder(files)
        _ = try pair("a", days: 300)
        holder.renew(now: now)
        holder.renew(now: now)
        #expect(abs(holder.expires.timeIntervalSince(now) - 300 * 86_400) < 2)
        #expect(log.all.filter { $0.contains("certificate that lies there now") }.count == 1)
    }

    /// Also in the moment in which one of the two files is new and the other is not.
    @Test func aPairThatDoesNotBelongTogetherLeavesThePresentOne() throws {
        let files = try pair("a", days: 30)
        let (holder, other) = (try holder(files), try pair("b", days: 300))
        let key = try #require(FileManager.default.contents(atPath: other.key))
        let certificate = try #require(FileManager.default.contents(atPath: other.certificate))
        try key.write(to: URL(fileURLWithPath: files.key))
        holder.renew(now: now)
        holder.renew(now: now)
        #expect(holder.expires.timeIntervalSince(now) < 31 * 86_400)
        #expect(log.all.filter { $0.contains("cannot be used") }.count == 1)
        try certificate.write(to: URL(fileURLWithPath: files.certificate))
        holder.renew(now: now)
        #expect(holder.expires.timeIntervalSince(now) > 299 * 86_400)
    }

    @Test func filesThatVanishLeaveThePresentOne() throws {
        let files = try pair("a", days: 30)
        let holder = try holder(files)
        #expect(unlink(files.certificate) == 0)
        holder.renew(now: now)
        holder.renew(now: now)
        #expect(holder.expires.timeIntervalSince(now) < 31 * 86_400)
        #expect(log.all.filter { $0.contains("does not exist") }.count == 1)
        // Asked by a signal, the server answers each time.
        holder.renew(now: now, isAsked: true)
        #expect(log.all.filter { $0.contains("does not exist") }.count == 2)
    }

    @Test func theEndOfACertificateIsSaidOnceADay() throws {
        let holder = try holder(pair("a", days: 20))
        let day = 86_400.0
        for hours in 0..<48 {
            holder.renew(now: now.addingTimeInterval(10 * day + Double(hours) * 3_600))
        }
        #expect(log.all.filter { $0.contains("ends soon") }.count == 2)
        holder.renew(now: now.addingTimeInterval(21 * day))
        #expect(log.all.filter { $0.contains("has expired") }.count == 1)
    }
}
