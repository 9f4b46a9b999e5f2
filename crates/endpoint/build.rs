//! Writes into `watchpost-agent.exe` what Windows shows of a program, and asks for paths of more than 260 characters.

/// As invoker: no rights that whoever starts it does not have. Known to work with Windows 10 and Server 2016 or newer.
/// See <https://learn.microsoft.com/windows/win32/sbscs/application-manifests>.
const MANIFEST: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3">
    <security>
      <requestedPrivileges>
        <requestedExecutionLevel level="asInvoker" uiAccess="false"/>
      </requestedPrivileges>
    </security>
  </trustInfo>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1">
    <application>
      <supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>
    </application>
  </compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3">
    <windowsSettings>
      <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
    </windowsSettings>
  </application>
</assembly>
"#;

#[expect(clippy::disallowed_methods, reason = "so cargo tells what is built")]
fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("windows") {
        return Ok(());
    }
    let mut resource = winresource::WindowsResource::new();
    resource
        .set_language(0x0409)
        .set("CompanyName", "Watchpost")
        .set("ProductName", "Watchpost")
        .set("FileDescription", "Watchpost agent")
        .set("InternalName", "watchpost-agent")
        .set("OriginalFilename", "watchpost-agent.exe")
        .set_manifest(MANIFEST);
    resource.compile_for("watchpost-agent")
}
