package import Base

/// What a packaging job makes, and for which device. It is resolved from the request when the job
/// is created and stored with it (`PackagingRecord.target`), so that all attempts make the same.
package struct PackagingTarget: Sendable, Codable, Equatable {
    /// The device as the package's manifest names it.
    package struct Device: Sendable, Codable, Equatable {
        /// Greengrass' word for the processor: `amd64` or `aarch64`.
        package let architecture: String
        /// The request's TargetDevice, for example `jetson_xavier`; nil for a platform.
        package let name: String?
        /// `LINUX`.
        package let os: String?
        /// The API's word for the processor: `X86_64` or `ARM64`.
        package let arch: String?
        /// `NVIDIA`; nil for a processor alone.
        package let accelerator: String?
        /// The request's CompilerOptions, with what they leave to Spotter filled in.
        package let compilerOptions: [String: String]

        package init(
            architecture: String, name: String?, os: String?, arch: String?, accelerator: String?,
            compilerOptions: [String: String]
        ) {
            self.architecture = architecture
            self.name = name
            self.os = os
            self.arch = arch
            self.accelerator = accelerator
            self.compilerOptions = compilerOptions
        }
    }

    /// The component to make.
    package let component: ComponentName
    /// Its version.
    package let version: ComponentVersion
    /// Where the archive goes in the users' store.
    package let archive: ObjectLocation
    /// What the package runs on.
    package let device: Device

    package init(
        component: ComponentName, version: ComponentVersion, archive: ObjectLocation, device: Device
    ) {
        self.component = component
        self.version = version
        self.archive = archive
        self.device = device
    }
}
