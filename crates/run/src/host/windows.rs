use windows::Win32::System::SystemInformation::{ComputerNameDnsHostname, GetComputerNameExW};
use windows::core::PWSTR;

/// The host's name, for people; identity comes from elsewhere. Not its NetBIOS name, which is cut off after 15 characters.
#[expect(unsafe_code, reason = "GetComputerNameExW has no safe form")]
pub fn host_name() -> String {
    let mut name = [0_u16; 256];
    let mut length = name.len() as u32;
    // SAFETY: the buffer is ours and `length` says how long it is; the call writes at most that and sets the length.
    let found = unsafe { GetComputerNameExW(ComputerNameDnsHostname, Some(PWSTR(name.as_mut_ptr())), &raw mut length) };
    match found {
        Ok(()) => String::from_utf16_lossy(&name[..(length as usize).min(name.len())]),
        Err(_) => "localhost".to_owned(),
    }
}
