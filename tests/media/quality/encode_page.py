"""Two connections in one page of Chromium: what an encoder setting makes of a camera's picture, frame by frame."""

from __future__ import annotations

SCRIPT = r"""
window.encodeAndLook = async ({encoding, hint, seconds, settle, every}) => {
  const media = await navigator.mediaDevices.getUserMedia({video: {width: 1280, height: 720, frameRate: 30}});
  const [track] = media.getVideoTracks();
  track.contentHint = hint;
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()];
  a.onicecandidate = ({candidate}) => candidate && b.addIceCandidate(candidate);
  b.onicecandidate = ({candidate}) => candidate && a.addIceCandidate(candidate);
  const transceiver = a.addTransceiver(track, {direction: 'sendonly', streams: [media], sendEncodings: [encoding]});
  const codecs = RTCRtpSender.getCapabilities('video').codecs;
  transceiver.setCodecPreferences(codecs.filter(({mimeType}) => /vp8|rtx/i.test(mimeType)));
  const parameters = transceiver.sender.getParameters();
  parameters.degradationPreference = 'maintain-resolution';
  await transceiver.sender.setParameters(parameters);
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  b.ontrack = (event) => { video.srcObject = new MediaStream([event.track]); video.play(); };
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription);
  const canvas = document.createElement('canvas');
  const shown = [], times = [];
  const began = performance.now();
  let last = 0;
  await new Promise((done) => {
    const look = (now, {width, height}) => {
      if (now - began > settle * 1000) {
        times.push(now);
        if (now - last > every * 1000) {
          last = now;
          Object.assign(canvas, {width, height});
          canvas.getContext('2d').drawImage(video, 0, 0);
          shown.push(canvas.toDataURL('image/png').split(',')[1]);
        }
      }
      if (now - began > seconds * 1000) done();
      else video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    setTimeout(done, (seconds + 3) * 1000);
  });
  let sent = {};
  for (const item of (await a.getStats()).values()) if (item.type === 'outbound-rtp') sent = item;
  return {shown, times, bytes: sent.bytesSent || 0};
};
"""
