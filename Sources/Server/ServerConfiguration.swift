package import Administration
package import Service

/// What a server or worker is started with.
package struct ServerConfiguration: Sendable {
    /// Where everything is kept.
    package var stores: StoresConfiguration
    /// Name or address to listen on.
    package var hostname: String
    /// 0 to 65535; 0 takes a free one.
    package var port: Int
    /// The certificate of TLS; nil without TLS.
    package var tls: TLSFiles?
    /// Bounds that `--limit` changes.
    package var limits = AdjustableLimits()
    /// Readers of `GET /metrics`.
    package var metricsAccess = MetricsAccess.local
    /// The registry that packaging jobs use.
    package var greengrass = GreengrassChoice.embedded
    /// Whether loaded models are kept in memory for calls; false for workers.
    package var answersCalls = true
    /// The jobs that this process does; an empty list leaves all to workers.
    package var lanes = WorkerLane.standard
    /// What models of projects are built on that were given no backbone of their own.
    package var backbone = BackboneChoice.standard

    /// A server with Spotter's own backbone and registry, which does jobs of all kinds.
    package init(stores: StoresConfiguration, hostname: String, port: Int) {
        self.stores = stores
        self.hostname = hostname
        self.port = port
    }

    /// Whether only programs of this machine can connect.
    package var isLoopback: Bool {
        hostname.hasPrefix("127.") || ["localhost", "::1"].contains(hostname)
    }

    /// Where clients reach it: `https://host:9444`.
    ///
    /// - Parameter port: that was taken.
    package func address(port: Int) -> String {
        let host = hostname.contains(":") ? "[\(hostname)]" : hostname
        return "\(tls == nil ? "http" : "https")://\(host):\(port)"
    }
}

/// Where packaging jobs register their components.
package enum GreengrassChoice: Sendable, Equatable {
    /// In the stores of the server.
    case embedded
    /// In AWS IoT Greengrass or another server of its protocol, in the server's own region and
    /// account; without an endpoint it is Amazon's.
    case aws(endpoint: String?)
}

/// Clients that may read the metrics. They need no signature, and metrics name projects.
package enum MetricsAccess: String, Sendable, CaseIterable {
    case everyone
    /// Clients on the same machine.
    case local
    case nobody
}
