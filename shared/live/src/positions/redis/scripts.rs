//! The scripts of positions.

use crate::{
    keys,
    positions::{Around, FARTHEST_M, STALE_AFTER, Sighting},
    redis::Link,
};
use interstate_schemas::DriverId;
use redis::{Script, ScriptInvocation};

/// Takes positions up that are newer than those known, publishes them, and drops who was not seen for ten minutes
/// from the index. The times of sightings decide; they are compared here, so that two instances cannot cross.
const TAKE_UP: &str = r"
local index, times = KEYS[1], KEYS[2]
local channel, lives, index_lives, stale = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
for n = 3, #KEYS do
  local a = 5 + (n - 3) * 5
  local at, lon, lat, driver, sighting = ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], ARGV[a + 4]
  local known = redis.call('HGET', KEYS[n], 'at')
  if not known or tonumber(known) < tonumber(at) then
    redis.call('HSET', KEYS[n], 'at', at, 'sighting', sighting)
    redis.call('PEXPIRE', KEYS[n], lives)
    -- Redis' index ends short of the poles.
    if math.abs(tonumber(lat)) <= 85 then
      redis.call('GEOADD', index, lon, lat, driver)
      redis.call('ZADD', times, at, driver)
    end
    redis.call('PUBLISH', channel .. driver, sighting)
  end
end
for _, driver in ipairs(redis.call('ZRANGEBYSCORE', times, '-inf', '(' .. stale, 'LIMIT', 0, 1000)) do
  redis.call('ZREM', index, driver)
  redis.call('ZREM', times, driver)
end
redis.call('PEXPIRE', index, index_lives)
redis.call('PEXPIRE', times, index_lives)
return 1
";

/// The nearest of those who were seen lately, with their positions as they were written.
const NEAREST: &str = r"
local index, times, position, stale = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
for _, driver in ipairs(redis.call('ZRANGEBYSCORE', times, '-inf', '(' .. stale, 'LIMIT', 0, 10000)) do
  redis.call('ZREM', index, driver)
  redis.call('ZREM', times, driver)
end
local found = redis.call('GEOSEARCH', index, 'FROMLONLAT', ARGV[3], ARGV[4], 'BYRADIUS', ARGV[5], 'm', 'ASC', 'COUNT', ARGV[6])
local near = {}
for _, driver in ipairs(found) do
  local sighting = redis.call('HGET', position .. driver, 'sighting')
  if sighting then near[#near + 1] = { driver, sighting } end
end
return near
";

/// Redis' index rounds positions to less than this.
const ROUNDED_M: u32 = 2;

/// The scripts, with the names of their keys.
pub(super) struct Scripts {
    take_up: Script,
    nearest: Script,
    index: String,
    times: String,
    position: String,
    channel: String,
}

/// A script with its arguments.
pub(super) struct Question {
    script: Script,
    keys: Vec<String>,
    arguments: Vec<String>,
}

impl Question {
    pub(super) fn invocation(&self) -> ScriptInvocation<'_> {
        let mut invocation = self.script.prepare_invoke();
        invocation.key(&self.keys).arg(&self.arguments);
        invocation
    }
}

impl Scripts {
    pub(super) fn new(link: &Link) -> Self {
        Self {
            take_up: Script::new(TAKE_UP),
            nearest: Script::new(NEAREST),
            index: keys::POSITIONS.of(link, ""),
            times: keys::POSITION_TIMES.of(link, ""),
            position: keys::POSITION.of(link, ""),
            channel: keys::MOVED.of(link, ""),
        }
    }

    /// Takes these up; who was seen before `stale` goes from the index.
    pub(super) fn take_up(&self, seen: &[(DriverId, Sighting)], stale: i64) -> Question {
        let index_lives = 2 * STALE_AFTER.as_millis();
        let mut keys = vec![self.index.clone(), self.times.clone()];
        let mut arguments = vec![
            self.channel.clone(),
            super::lives_millis().to_string(),
            index_lives.to_string(),
            stale.to_string(),
        ];
        for (driver, sighting) in seen {
            keys.push(format!("{}{driver}", self.position));
            arguments.extend([
                sighting.at.as_millisecond().to_string(),
                sighting.point.lon().to_string(),
                sighting.point.lat().to_string(),
                driver.to_string(),
                serde_json::to_string(sighting).expect("numbers and a time are always JSON"),
            ]);
        }
        Question {
            script: self.take_up.clone(),
            keys,
            arguments,
        }
    }

    /// Looks around.
    pub(super) fn nearest(&self, around: Around, stale: i64) -> Question {
        let arguments = vec![
            self.position.clone(),
            stale.to_string(),
            around.point.lon().to_string(),
            around.point.lat().to_string(),
            (around.radius_m.min(FARTHEST_M) + ROUNDED_M).to_string(),
            around.limit.max(1).to_string(),
        ];
        Question {
            script: self.nearest.clone(),
            keys: vec![self.index.clone(), self.times.clone()],
            arguments,
        }
    }
}
