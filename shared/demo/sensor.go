package demo

// SensorSpace is the namespace of the fleet's channels: see [Sensor.Channel].
const SensorSpace = "sensor"

// ReadingInterval is the time between two readings of a sensor, in milliseconds.
const ReadingInterval = 1000

// Sensor is one of a simulated fleet.
type Sensor struct {
	Site, ID, Kind, Unit string
	// Low and High are the range that is in order.
	Low, High float64
}

// Channel returns where the sensor publishes its [Reading]s, tagged with "site",
// "kind" and "value".
func (s Sensor) Channel() string { return SensorSpace + ":" + s.Site + ":" + s.ID }

// Fleet returns all sensors, site by site.
func Fleet() []Sensor {
	kinds := []Sensor{
		{ID: "air", Kind: "temperature", Unit: "°C", Low: 16, High: 26},
		{ID: "cold", Kind: "temperature", Unit: "°C", Low: -22, High: -16},
		{ID: "damp", Kind: "humidity", Unit: "%", Low: 30, High: 60},
		{ID: "pump", Kind: "pressure", Unit: "bar", Low: 2, High: 4},
		{ID: "load", Kind: "power", Unit: "kW", Low: 1, High: 9},
		{ID: "hum", Kind: "vibration", Unit: "mm/s", Low: 0, High: 4.5},
	}
	var all []Sensor
	for _, site := range []string{"harbour", "mill", "orchard"} {
		for _, s := range kinds {
			s.Site = site
			all = append(all, s)
		}
	}
	return all
}

// Reading is what a sensor measured.
type Reading struct {
	// Seq is At divided by [ReadingInterval]: what a sensor did not send leaves a
	// hole in it, and none in the channel's offsets.
	Seq int64 `json:"seq"`
	// At is milliseconds since the Unix epoch.
	At    int64   `json:"at"`
	Value float64 `json:"value"`
}
