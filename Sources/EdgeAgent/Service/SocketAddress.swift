import Glibc
package import Logging

/// A unix domain socket of the agent.
package struct SocketAddress: Sendable, Equatable {
    /// The path that Lookout for Vision's own agent uses, so that its clients work unchanged.
    package static let standard = "unix:///tmp/aws.iot.lookoutvision.EdgeAgent.sock"
    /// `sun_path` less its terminating zero.
    private static let pathBytesMax = 107

    /// 1 to 107 bytes, as `sockaddr_un` holds it; a relative path is relative to the working
    /// directory.
    package let path: String

    /// - Parameter text: `unix:///ABSOLUTE/PATH` or `unix:PATH`, as gRPC writes it.
    package init(_ text: String) throws(AgentError) {
        guard text.hasPrefix("unix:") else {
            throw AgentError(
                .invalidArgument, "The socket must be like \(Self.standard), not '\(text)'.")
        }
        let rest = text.dropFirst("unix:".count)
        path = String(rest.hasPrefix("//") ? rest.dropFirst(2) : rest)
        guard (1...Self.pathBytesMax).contains(path.utf8.count), !path.utf8.contains(0) else {
            throw AgentError(
                .invalidArgument,
                "The socket's path must have 1 to \(Self.pathBytesMax) bytes, not "
                    + "\(path.utf8.count).")
        }
    }

    /// Where models are attached to the agent that listens here: beside it, under the same name
    /// with `.attach` behind it, so that who knows one socket knows the other.
    ///
    /// - Throws: `invalidArgument` when the path leaves no room for the ending.
    package func forAttaching() throws(AgentError) -> SocketAddress {
        let ending = ".attach"
        guard path.utf8.count + ending.utf8.count <= Self.pathBytesMax else {
            throw AgentError(
                .invalidArgument,
                "The path of --socket has \(path.utf8.count) bytes; at most "
                    + "\(Self.pathBytesMax - ending.utf8.count) are possible, since models are "
                    + "attached at a socket whose name ends in \(ending).")
        }
        return try SocketAddress("unix:" + path + ending)
    }

    /// Makes way for listening: removes a socket that nobody listens on.
    ///
    /// - Throws: `failedPrecondition` when somebody does, or when something else lies there.
    package func prepare(logger: Logger) throws(AgentError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw AgentError(
                .failedPrecondition,
                "\(path) is there and is no socket; remove it or choose another --socket.")
        }
        switch connects() {
        case 0:
            throw AgentError(
                .failedPrecondition,
                "Another agent listens on \(path); stop it or choose another --socket.")
        case ENOENT: return
        case ECONNREFUSED:
            logger.info(
                "Removing the socket of an agent that is gone", metadata: ["path": "\(path)"])
            guard unlink(path) == 0 || errno == ENOENT else {
                throw AgentError(
                    .failedPrecondition,
                    "The stale socket \(path) cannot be removed: \(String(cString: strerror(errno)))"
                        + ". Remove it as its owner.")
            }
        case let reason:
            throw AgentError(
                .failedPrecondition,
                "Whether somebody listens on \(path) cannot be told: "
                    + "\(String(cString: strerror(reason))).")
        }
    }

    /// - Returns: 0 or the reason why not.
    package func connects() -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        return result == 0 ? 0 : errno
    }

    /// Why no model can be attached here; nil when somebody listens who takes this user.
    var hindrance: String? {
        switch connects() {
        case 0: return nil
        case ENOENT: return "there is no socket \(path)"
        case EACCES:
            var status = stat()
            let owner = lstat(path, &status) == 0 ? "user \(status.st_uid)" : "another user"
            return "\(path) belongs to \(owner), and this is user \(geteuid()). Run the agent and "
                + "'attach' as one user, or 'attach' as root"
        case let reason: return "\(path): \(String(cString: strerror(reason)))"
        }
    }

    /// Sets who may connect.
    package func permit(mode: UInt32, group: String?) throws(AgentError) {
        if let group, !group.isEmpty {
            guard let entry = getgrnam(group) else {
                throw AgentError(.invalidArgument, "There is no group '\(group)'.")
            }
            guard chown(path, uid_t.max, entry.pointee.gr_gid) == 0 else {
                throw AgentError(
                    .failedPrecondition,
                    "\(path) cannot be given to the group \(group): "
                        + "\(String(cString: strerror(errno))). Be a member of it, or root.")
            }
        }
        guard chmod(path, mode) == 0 else {
            throw AgentError(
                .failedPrecondition,
                "The mode of \(path) cannot be set: \(String(cString: strerror(errno))).")
        }
    }

    /// Which file the socket is, to tell it from a successor's of the same name; nil when there is
    /// none.
    package var identity: FileIdentity? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        return FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Device and inode, which differ for two files that exist at the same time.
    package struct FileIdentity: Sendable, Equatable {
        let device: UInt64
        let inode: UInt64
    }

    /// Removes the socket unless another agent has put its own there.
    package func remove(_ own: FileIdentity?) {
        if own != nil, identity == own { _ = unlink(path) }
    }
}
