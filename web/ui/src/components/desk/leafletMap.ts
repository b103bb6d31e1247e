/** Leaflet as the desk uses it: an optional tile source, else a plain graticule, with a scale; no borders, no outside network. */
import L from 'leaflet'
import 'leaflet/dist/leaflet.css'
import type { Fence, MapSource, Point } from '../../session/deskModels'

export const ACCENT = '#0b5d52'
export const TONES = { inside: '#18794e', outside: '#b3261e', uncertain: '#b97a0a' } as const
/** Where a map without any position begins: the middle of the country, far out. */
const START: L.LatLngTuple = [35.0, 105.0]

export function latLng(point: Point): L.LatLngTuple {
  return [point.latitude, point.longitude]
}

/** Degrees between two lines of the graticule so that they stand about 60 to 150 pixels apart. */
function graticuleStep(degreesPerPixel: number): number {
  const wanted = degreesPerPixel * 70
  const power = 10 ** Math.floor(Math.log10(wanted))
  return [1, 2, 5, 10].map((m) => m * power).find((s) => s >= wanted) ?? power * 10
}

class Graticule extends L.GridLayer {
  override createTile(coords: L.Coords): HTMLElement {
    const size = this.getTileSize()
    const canvas = document.createElement('canvas')
    canvas.width = size.x
    canvas.height = size.y
    const pen = canvas.getContext('2d')
    const map = this._map
    if (pen && map) drawTile(pen, size, (x, y) => map.unproject([coords.x * size.x + x, coords.y * size.y + y], coords.z))
    return canvas
  }
}

function drawTile(pen: CanvasRenderingContext2D, size: L.Point, at: (x: number, y: number) => L.LatLng): void {
  const [topLeft, bottomRight] = [at(0, 0), at(size.x, size.y)]
  const step = graticuleStep((bottomRight.lng - topLeft.lng) / size.x)
  const digits = Math.max(0, Math.ceil(-Math.log10(step)))
  pen.fillStyle = '#f5f8f7'
  pen.fillRect(0, 0, size.x, size.y)
  pen.strokeStyle = '#d9e2de'
  pen.fillStyle = '#71807a'
  pen.font = '10px system-ui, sans-serif'
  for (let i = Math.ceil(topLeft.lng / step); i * step < bottomRight.lng; i++) {
    const x = Math.round(((i * step - topLeft.lng) / (bottomRight.lng - topLeft.lng)) * size.x) + 0.5
    line(pen, x, 0, x, size.y)
  }
  for (let i = Math.ceil(bottomRight.lat / step); i * step < topLeft.lat; i++) {
    const y = Math.round(((topLeft.lat - i * step) / (topLeft.lat - bottomRight.lat)) * size.y) + 0.5
    line(pen, 0, y, size.x, y)
    const lng = Math.ceil(topLeft.lng / step)
    const x = ((lng * step - topLeft.lng) / (bottomRight.lng - topLeft.lng)) * size.x
    const label = `${(i * step).toFixed(digits)}, ${(lng * step).toFixed(digits)}`
    if (i % 2 === 0 && lng % 2 === 0 && x < size.x - 4 - label.length * 5.6) pen.fillText(label, x + 4, y - 4)
  }
}
function line(pen: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  pen.beginPath()
  pen.moveTo(x1, y1)
  pen.lineTo(x2, y2)
  pen.stroke()
}

export interface MapWords {
  locale: string
  licence: string
}

/** A map in `element`; the caller removes it. */
export function createMap(element: HTMLElement, source: MapSource | null, words: MapWords, compact = false): L.Map {
  const map = L.map(element, { zoomControl: !compact, attributionControl: source !== null, maxZoom: 20, minZoom: 3, worldCopyJump: true })
  map.attributionControl?.setPrefix(false)
  if (compact) L.control.zoom({ position: 'topright' }).addTo(map)
  const base = source ? L.tileLayer(source.tile_url, { maxZoom: 20, attribution: `${words.licence} ${escapeHtml(source.attribution)}` }) : new Graticule({ maxZoom: 20 })
  base.addTo(map)
  L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map)
  map.setView(START, 4)
  return map
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

export function fenceLayer(position: Point | null, fence: Fence | null): L.Path | null {
  const style: L.PathOptions = { color: ACCENT, weight: 1.5, dashArray: '6 5', fillColor: ACCENT, fillOpacity: 0.06, interactive: false }
  if (fence?.kind === 'circle' && position) return L.circle(latLng(position), { ...style, radius: fence.radius_m })
  if (fence?.kind === 'polygon' && fence.points.length >= 2) return L.polygon(fence.points.map(latLng), style)
  return null
}

export function premisesMarker(position: Point, title: string): L.Marker {
  const icon = L.divIcon({ className: 'desk-pin', html: '<i></i>', iconSize: [22, 22], iconAnchor: [11, 20] })
  return L.marker(latLng(position), { icon, title, alt: title, keyboard: false, interactive: false })
}

/** Everything that must be visible at once; null when there is nothing to show. */
export function boundsOf(position: Point | null, fence: Fence | null, track: Point[]): L.LatLngBounds | null {
  const points = [...(position ? [position] : []), ...(fence?.kind === 'polygon' ? fence.points : []), ...track].map(latLng)
  if (points.length === 0) return null
  const bounds = L.latLngBounds(points)
  if (position && fence?.kind === 'circle') bounds.extend(L.latLng(latLng(position)).toBounds(fence.radius_m * 2))
  return bounds
}
