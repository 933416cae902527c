import FoundationEssentials
import Logging
import NIOSSL
import Synchronization

/// The certificate that new connections get. Those that are open keep what they began with.
final class CertificateHolder: Sendable {
    /// How long before its end a certificate is warned about: usual ones are renewed a month
    /// before, so that something is wrong when two weeks are left.
    static let warningSeconds = 14.0 * 86_400
    private static let daySeconds = 86_400.0

    private struct State {
        var current: ServerCertificate
        /// Of the pair that was looked at last, good or not, so that each is judged once.
        var seen: Data
        var warned = Date.distantPast
    }

    private let state: Mutex<State>
    let files: TLSFiles
    private let logger: Logger

    /// Reads the pair, and warns of a key that others can read.
    ///
    /// - Throws: `AdministrationError` for a pair that cannot be used.
    init(_ files: TLSFiles, now: Date, logger: Logger) throws {
        self.files = files
        self.logger = logger
        let certificate = try ServerCertificate(files, now: now)
        state = Mutex(State(current: certificate, seen: certificate.digest))
        noteKey(certificate)
        noteEnd(now: now)
    }

    /// For a connection that begins now.
    var context: NIOSSLContext { state.withLock { $0.current.context } }

    /// When clients begin to refuse the present certificate.
    var expires: Date { state.withLock { $0.current.expires } }

    /// Takes the pair of the files if it is another and can be used; else the present one goes on
    /// and the log says why. Blocks.
    ///
    /// - Parameter isAsked: by a signal, which is answered in the log whatever comes of it.
    func renew(now: Date, isAsked: Bool = false) {
        defer { noteEnd(now: now) }
        let digest = ServerCertificate.digest(of: files)
        let isNew = state.withLock { state in
            defer { state.seen = digest ?? Data() }
            return digest ?? Data() != state.seen
        }
        guard isNew || isAsked else { return }
        do {
            let certificate = try ServerCertificate(files, now: now)
            state.withLock { state in
                state.current = certificate
                state.seen = certificate.digest
                state.warned = .distantPast
            }
            logger.notice(
                "New connections get the certificate that lies there now",
                metadata: [
                    "file": "\(files.certificate)",
                    "expires": "\(certificate.expires.formatted(.iso8601))",
                ])
            noteKey(certificate)
        } catch {
            logger.error(
                "The new certificate cannot be used; the one before it goes on",
                metadata: ["reason": "\(error)"])
        }
    }

    private func noteKey(_ certificate: ServerCertificate) {
        guard certificate.isKeyReadable else { return }
        logger.warning(
            "Other users of this machine can read the key of TLS. Run: chmod 600 FILE",
            metadata: ["file": "\(files.key)"])
    }

    /// Once a day.
    private func noteEnd(now: Date) {
        let end: Date? = state.withLock { state in
            let expires = state.current.expires
            guard expires.timeIntervalSince(now) < Self.warningSeconds,
                now.timeIntervalSince(state.warned) >= Self.daySeconds
            else { return nil }
            state.warned = now
            return expires
        }
        guard let end else { return }
        logger.warning(
            end > now
                ? "The certificate of TLS ends soon. Renew it; no restart is needed"
                : "The certificate of TLS has expired, and clients refuse it. Renew it",
            metadata: ["file": "\(files.certificate)", "expires": "\(end.formatted(.iso8601))"])
    }
}
