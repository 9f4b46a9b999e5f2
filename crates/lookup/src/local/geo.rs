//! Geography from a file in the MaxMind DB format (maxmind.github.io/MaxMind-DB), which the user brings.

use std::fs::File;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::Path;

use maxminddb::{Reader, geoip2};

/// City files have less than a hundred megabytes; they are held in memory.
const FILE_BYTES_MAX: u64 = 512 << 20;

pub(crate) struct GeoFile(Reader<Vec<u8>>);

impl std::fmt::Debug for GeoFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("GeoFile")
            .field(&self.0.metadata().database_type)
            .finish()
    }
}

/// Where an address is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GeoPlace {
    pub(crate) country_iso_code: Option<String>,
    pub(crate) country_name: Option<String>,
    pub(crate) city_name: Option<String>,
}

/// Whose network an address is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AsPlace {
    pub(crate) number: u32,
    pub(crate) organization: Option<String>,
}

impl GeoFile {
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let read = File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if read as u64 > FILE_BYTES_MAX {
            return Err(io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes")));
        }
        let reader = Reader::from_source(bytes)
            .map_err(|error| io::Error::other(format!("it is no file of the MaxMind DB format: {error}")))?;
        Ok(Self(reader))
    }

    /// A city file answers countries too, and a country file has no cities.
    pub(super) fn place(&self, address: IpAddr) -> Option<GeoPlace> {
        let city: geoip2::City<'_> = self.0.lookup(address).ok()?.decode().ok()??;
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let place = GeoPlace {
            country_iso_code: owned(city.country.iso_code.or(city.registered_country.iso_code)),
            country_name: owned(city.country.names.english.or(city.registered_country.names.english)),
            city_name: owned(city.city.names.english),
        };
        (place.country_iso_code.is_some() || place.city_name.is_some()).then_some(place)
    }

    pub(super) fn network(&self, address: IpAddr) -> Option<AsPlace> {
        let asn: geoip2::Asn<'_> = self.0.lookup(address).ok()?.decode().ok()??;
        Some(AsPlace {
            number: asn.autonomous_system_number?,
            organization: asn.autonomous_system_organization.map(str::to_owned),
        })
    }
}
