import FoundationEssentials
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// Looks whether the files of the certificate have changed, every few seconds and when SIGHUP asks
/// for it, which is what renewing programs send.
struct CertificateWatch: ServiceLifecycle.Service {
    /// Reading two small files; a renewed certificate has weeks.
    private static let seconds = 10.0

    let holder: CertificateHolder
    let pool: NIOThreadPool
    let now: @Sendable () -> Date

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: .seconds(Self.seconds))
                        await renew(isAsked: false)
                    }
                }
                group.addTask {
                    for await _ in await UnixSignalsSequence(trapping: .sighup) {
                        await renew(isAsked: true)
                    }
                }
            }
        }
    }

    private func renew(isAsked: Bool) async {
        try? await pool.runIfActive { holder.renew(now: now(), isAsked: isAsked) }
    }
}
