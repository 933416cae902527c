package import NIOPosix

/// Threads for blocking work, apart by kind: whatever fills one kind, the others go on.
package struct WorkPools: Sendable {
    /// Files of stores and documents of requests: short work, which every request needs.
    package let files: NIOThreadPool
    /// Images of DetectAnomalies, decoded and judged, and loads of hosted models.
    package let images: NIOThreadPool
    /// Datasets, training and packaging: a thread for each job that this process may have at hand.
    package let jobs: NIOThreadPool

    /// Starts nothing: whoever made a pool has started it, and ends it.
    package init(files: NIOThreadPool, images: NIOThreadPool, jobs: NIOThreadPool) {
        self.files = files
        self.images = images
        self.jobs = jobs
    }

    /// One pool for everything, for tests and simulations that run in one place.
    package init(shared pool: NIOThreadPool) { self.init(files: pool, images: pool, jobs: pool) }
}
