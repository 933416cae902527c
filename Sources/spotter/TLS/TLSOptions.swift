import ArgumentParser
import Foundation
import Server

/// `--tls-certificate` and `--tls-key`, for all that listens.
struct TLSOptions: ParsableArguments {
    private static let certificateVariable = "SPOTTER_TLS_CERTIFICATE"
    private static let keyVariable = "SPOTTER_TLS_KEY"

    @Option(
        help: ArgumentHelp(
            """
            PEM file of the certificate for HTTPS, the server's own first; HTTP without it. \
            SPOTTER_TLS_CERTIFICATE says the same. A changed file is read again within ten \
            seconds, and at SIGHUP.
            """, valueName: "file"))
    var tlsCertificate: String?

    @Option(
        help: ArgumentHelp(
            "PEM file of its private key, or SPOTTER_TLS_KEY.", valueName: "file"))
    var tlsKey: String?

    /// nil without TLS.
    ///
    /// - Throws: `ValidationError` for one file without the other.
    func files() throws -> TLSFiles? {
        let environment = ProcessInfo.processInfo.environment
        let certificate = tlsCertificate ?? Self.value(environment[Self.certificateVariable])
        let key = tlsKey ?? Self.value(environment[Self.keyVariable])
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return TLSFiles(certificate: certificate, key: key)
        case (_?, nil):
            throw ValidationError(
                "--tls-certificate needs --tls-key (or \(Self.keyVariable)): the file of its key.")
        case (nil, _?):
            throw ValidationError(
                "--tls-key needs --tls-certificate (or \(Self.certificateVariable)): the file of "
                    + "its certificate.")
        }
    }

    private static func value(_ text: String?) -> String? { text?.isEmpty == true ? nil : text }

    func validate() throws { _ = try files() }
}
