import Glibc

/// The process goes on as a new one of the same number, started as this one was: whoever watches over it need not act.
struct Restart {
    /// What this process was given when it started: whoever gave it wants to see when it is closed.
    private let inherited: Set<Int32>

    /// Where the kernel says which program this is, and what it adds where that file was replaced.
    private static let link = "/proc/self/exe"
    private static let replaced = " (deleted)"

    /// Call it before anything is opened.
    init() { inherited = Set(Self.descriptors) }

    /// Call it when everything has stopped. Throws where the kernel refuses.
    func now() throws(ProgramError) -> Never {
        // Signals as a new process has them: handlers and masks of this one's libraries are inherited otherwise.
        for number in [SIGTERM, SIGINT, SIGHUP, SIGPIPE] { signal(number, SIG_DFL) }
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        for descriptor in Self.descriptors where !inherited.contains(descriptor) {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
        execv(Self.program, CommandLine.unsafeArgv)
        throw ProgramError(
            status: 71, message: "cannot start again: \(String(cString: strerror(errno))); start it as it was started first")
    }

    /// All that are open.
    private static var descriptors: [Int32] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var found: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) {
                    String(cString: $0)
                }
            }
            if let descriptor = Int32(name), descriptor != dirfd(folder) { found.append(descriptor) }
        }
        return found
    }

    /// By its name, which lists of processes show; the file itself where there is another one of that name by now.
    private static var program: String {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &bytes, bytes.count - 1)
        guard count > 0 else { return link }
        let path = String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.hasSuffix(replaced) ? link : path
    }
}
